//! Embeds every file of `sql/` into the binary, so that a new table needs no registration.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut listing = String::from("&[\n");
    for folder in ["staging", "intermediate", "marts", "audits", "segments"] {
        let path = Path::new(&root).join("sql").join(folder);
        println!("cargo::rerun-if-changed={}", path.display());
        let mut files: Vec<_> =
            fs::read_dir(&path)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "sql")) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let shown = file.display().to_string();
            println!("cargo::rerun-if-changed={shown}");
            let _ = writeln!(listing, "    ({folder:?}, {name:?}, include_str!({shown:?})),");
        }
    }
    listing.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("sql_files.rs"), listing)
}
