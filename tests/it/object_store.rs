//! Sources in an object store that speaks the protocol of S3: moto, started by the test where it
//! is asked for, because its packages come from the network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Called, HEADER, TestProject, finished, repository};

/// Set by continuous integration, or by hand.
const WANTED: [&str; 2] = ["CI", "CLIENTBASE_TEST_S3"];

struct Moto {
    server: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Moto {
    /// A running store; none, with a message, where nobody wants it.
    fn start() -> Option<Self> {
        if !WANTED.iter().any(|name| std::env::var_os(name).is_some()) {
            println!("object_store: skipped; set CLIENTBASE_TEST_S3=1 to install moto and run it");
            return None;
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let packages = repository().join("target/moto");
        let server = Command::new(repository().join("tests/s3/serve"))
            .arg(packages)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/s3/serve");
        let moto = Self { server, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(300), "moto does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        moto.request("PUT", "/exports", b"");
        Some(moto)
    }

    fn request(&self, verb: &str, path: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("moto");
        let head = format!(
            "{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS test:test\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 20"), "{verb} {path}: {answer}");
    }

    fn deliver(&self, path: &str, rows: &[&str]) {
        let text = format!("{HEADER}\n{}\n", rows.join("\n"));
        self.request("PUT", &format!("/exports/{path}"), text.as_bytes());
    }

    fn call(&self, project: &TestProject, arguments: &[&str]) -> Called {
        call(project, self.port, arguments)
    }
}

fn call(project: &TestProject, port: u16, arguments: &[&str]) -> Called {
    let mut command = project.command(&[&["run", "shop", "--json"], arguments].concat());
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    finished(command.output().expect("the binary runs"))
}

fn shop(files: &str, settings: &str) -> TestProject {
    let project = TestProject::new("");
    project.write(
        "pipelines/shop.toml",
        &format!(
            "[[source]]\nname = \"shop\"\nfiles = \"{files}\"\nstaging = \"test_sales\"\n{settings}"
        ),
    );
    project
}

#[test]
fn objects_are_read_like_files() {
    let Some(moto) = Moto::start() else { return };
    let project =
        shop("s3://exports/shop/**/*.csv*", "closed_after_days = 30\nclosed_months = \"refuse\"\n");
    // `a ф.csv`, `deep/b.csv.gz`, and one that the glob does not match.
    moto.deliver("shop/a%20%D1%84.csv", &["2024-01-10,A,C1,P1,Anna,1,10.00,5"]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let text = format!("{HEADER}\n2024-03-10,B,C1,P1,Anna,1,20.00,5\n");
    packed.write_all(text.as_bytes()).expect("in memory");
    moto.request("PUT", "/exports/shop/deep/b.csv.gz", &packed.finish().expect("in memory"));
    moto.deliver("other/c.csv", &["2024-02-10,C,C1,P1,Anna,1,30.00,5"]);
    let first = moto.call(&project, &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let expected = ["2024-01-10,A,10.0000,a ф.csv", "2024-03-10,B,20.0000,deep/b.csv.gz"];
    assert_eq!(project.lines(), expected);
    let second = moto.call(&project, &[]);
    assert!(second.stdout.contains("\"nothing_to_do\""), "{}", second.stdout);
    // An object with other content, which changes a closed month: it waits and is accepted when
    // the object is gone.
    moto.deliver("shop/a%20%D1%84.csv", &["2024-01-10,A,C1,P1,Anna,1,99.00,5"]);
    let third = moto.call(&project, &[]);
    assert_eq!(third.code, 65, "{}", third.stderr);
    assert_eq!(project.lines(), expected);
    moto.request("DELETE", "/exports/shop/a%20%D1%84.csv", b"");
    let accepted = moto.call(&project, &["--accept", "a ф.csv"]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    assert_eq!(project.lines(), ["2024-01-10,A,99.0000,a ф.csv", expected[1]]);
    // Nothing of the objects is left on the disk.
    let spilled = std::fs::read_dir(project.path("warehouse/shop/_spill"));
    assert_eq!(spilled.map_or(0, Iterator::count), 0);
}

#[test]
fn what_is_wrong_with_a_store_is_said() {
    let Some(moto) = Moto::start() else { return };
    let nowhere = moto.call(&shop("s3://nobody/*.csv", ""), &[]);
    assert_eq!(nowhere.code, 69, "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("cannot list s3://nobody/"), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("hint: check the bucket's name"), "{}", nowhere.stderr);
    let empty = moto.call(&shop("s3://exports/nothing/*.csv", ""), &[]);
    assert_eq!(empty.code, 78, "{}", empty.stderr);
    let said = "no file matches *.csv in s3://exports/nothing/";
    assert!(empty.stderr.contains(said), "{}", empty.stderr);
    let port = moto.port;
    drop(moto);
    let gone = call(&shop("s3://exports/*.csv", ""), port, &[]);
    assert_eq!(gone.code, 69, "{}", gone.stderr);
    assert!(gone.stderr.contains("AWS_ENDPOINT_URL"), "{}", gone.stderr);
}
