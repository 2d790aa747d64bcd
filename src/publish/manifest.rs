//! `manifest.json`: what is published, of which run. Written last, so a reader who wants
//! all tables of one run reads it first and again at the end.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::models::Fingerprint;
use crate::store::{Location, TableVersion};

/// Name of the manifest in the published folder.
const MANIFEST: &str = "manifest.json";

/// What is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Pipeline that publishes here.
    pub pipeline: String,
    /// Run that published last.
    pub run: String,
    /// Date that run speaks for.
    pub as_of: String,
    /// Tables by name.
    pub tables: BTreeMap<String, PublishedTable>,
}

/// A published table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTable {
    /// Version of the warehouse table.
    pub version: Option<TableVersion>,
    /// Files by name.
    pub files: BTreeMap<String, PublishedFile>,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFile {
    /// Hash of its bytes.
    pub content: Fingerprint,
    /// Its size.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
}

impl Manifest {
    /// Reads the manifest; an unreadable one counts as none, so that everything is
    /// published again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(published: &Location) -> Result<Option<Self>> {
        let bytes = published.read(MANIFEST).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Writes the manifest.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save(&self, published: &Location) -> Result<()> {
        published.write(MANIFEST, Bytes::from(serde_json::to_vec_pretty(self)?)).await
    }
}
