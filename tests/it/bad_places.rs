//! Odd names, links, and files that change under the reader: the second table of
//! docs/bad-input.md.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bad_input::{Offered, documented};
use crate::support::{HEADER, TestProject};

fn row(date: &str) -> String {
    format!("{HEADER}\n{date},A,C1,P1,Anna,1,10.00,5\n")
}

#[test]
fn any_name_is_read() {
    let input = "names with quotes, `%`, `#`, blanks, brackets, emoji, right-to-left or Cyrillic letters, 255 bytes";
    let offered = Offered::new("");
    let long = format!("{}.csv", "д".repeat(125) + "a");
    assert_eq!(long.len(), 255);
    let names = [
        "it's \"quoted\".csv",
        "..csv",
        "...csv",
        "50%.csv",
        "%2e%2e%2fx.csv",
        "a#b.csv",
        "#",
        "😀 sales.csv",
        "מכירות.csv",
        "\u{202e}vsc.csv",
        "продажи март.csv",
        " blank at both ends .csv ",
        "back\\slash;semi&and.csv",
        "[brackets]{1}*?.csv",
        "~tilde$HOME.csv",
        ".hidden.csv",
        // One letter and two that look the same.
        "\u{e9}.csv",
        "e\u{301}.csv",
        &long,
    ];
    for (place, name) in names.iter().enumerate() {
        let date = format!("{}-{:02}-10", 2021 + place / 12, place % 12 + 1);
        offered.put(name, row(&date).as_bytes());
    }
    std::fs::create_dir_all(offered.project.path("in/a b/в г")).expect("folders");
    offered.put("a b/в г/sales.csv", row("2023-01-10").as_bytes());
    let (code, report, said) = offered.project.run_with(&[]);
    assert_eq!(code, documented(input), "{said}");
    assert_eq!(report["snapshots"].as_array().expect("files").len(), names.len() + 1);
    for name in names.iter().copied().chain(["a b/в г/sales.csv"]) {
        let sql = format!(
            "select count(*) from sales where source_file = '{}'",
            name.replace('\'', "''")
        );
        assert_eq!(offered.project.query(&sql), ["1"], "{name}");
    }
    offered.project.assert_at_rest();
}

#[test]
fn a_long_name_may_wait_and_be_accepted() {
    let project = TestProject::new("closed_after_days = 30\nclosed_months = \"refuse\"\n");
    project.deliver(
        "open.csv",
        &["2024-03-31,B,C1,P1,Anna,1,11.00,5", "2024-01-10,A,C1,P1,Anna,1,1,5"],
    );
    project.run();
    let name = format!("{}%#\".csv", "д".repeat(124));
    assert_eq!(name.len(), 255);
    project.deliver(&name, &["2024-01-10,A,C1,P1,Anna,1,99.00,5"]);
    let (code, report, said) = project.run_with(&[]);
    assert_eq!(code, 65, "{said}");
    assert_eq!(report["outcome"], "ok");
    project.remove(&name);
    let (code, _, said) = project.run_with(&["--accept", &name]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(project.query("select revenue from sales order by sale_date limit 1"), ["99.0000"]);
}

#[cfg(unix)]
#[test]
fn names_that_cannot_be_written_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let input = "name with a control letter, or not in UTF-8";
    let offered = Offered::new("");
    for name in [b"tab\there.csv" as &[u8], b"latin-\xe9.csv"] {
        let path = offered.project.path("in").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(&path, row("2024-02-10")).expect("writable");
        let message = offered.project.refused(documented(input));
        assert!(message.contains("here.csv") || message.contains("latin-%E9.csv"), "{message}");
        assert!(message.contains("needs a name in UTF-8 without control letters"), "{message}");
        std::fs::remove_file(path).expect("there");
    }
    offered.project.assert_at_rest();
}

#[test]
fn the_same_bytes_again() {
    let again = "the same bytes under another name";
    let both = "the same bytes under two names, both new";
    for (kind, code, lines) in [("period", documented(both), "0"), ("increment", 0, "1")] {
        let offered = Offered::new(&format!("kind = \"{kind}\"\n"));
        let bytes = std::fs::read(offered.project.path("in/good.csv")).expect("there");
        offered.put("other.csv", &bytes);
        let (found, report, said) = offered.project.run_with(&[]);
        assert_eq!(found, documented(again), "{said}");
        assert_eq!(crate::support::months_built(&report), 0);
        assert_eq!(offered.project.query("select count(*) from sales"), ["1"], "{kind}");
        for name in ["one.csv", "two.csv"] {
            offered.put(name, row("2024-02-10").as_bytes());
        }
        let (found, _, said) = offered.project.run_with(&[]);
        assert_eq!(found, code, "{kind}: {said}");
        let february = "select count(*) from sales where month = date '2024-02-01'";
        assert_eq!(offered.project.query(february), [lines], "{kind}");
    }
}

#[test]
fn a_file_that_is_being_written_is_refused() {
    let offered = Offered::new("");
    let path = offered.project.path("in/grows.csv");
    let rows = "2024-02-10,A,C1,P1,Anna,1,10.00,5\n".repeat(50_000);
    std::fs::write(&path, format!("{HEADER}\n{rows}")).expect("writable");
    let is_done = AtomicBool::new(false);
    let message = std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = std::fs::OpenOptions::new().append(true).open(&path);
            let mut file = file.expect("writable");
            while !is_done.load(Ordering::Relaxed) {
                file.write_all(b"2024-02-11,B,C1,P1,Anna,1,10.00,5\n").expect("writable");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let called = offered.project.call(&["run", "shop", "--quiet"]);
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(called.code, documented("file still being written"), "{}", called.stderr);
        called.stderr
    });
    assert!(message.contains("grows.csv in "), "{message}");
    assert!(message.contains("changed while it was being read"), "{message}");
    assert!(message.contains("run again when it is written"), "{message}");
    assert_eq!(offered.project.query("select count(*) from sales"), ["1"]);
    // It is whole now.
    offered.project.run();
    let days =
        offered.project.query("select count(*) from sales where sale_date = date '2024-02-10'");
    assert_eq!(days, ["50000"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_vanishes_is_named() {
    let offered = Offered::new("");
    let rows = "-10,A,C1,P1,Anna,1,10.00,5\n";
    // Two files are read at a time, and the third waits.
    for (name, month) in [("a.csv", "2024-02"), ("b.csv", "2024-03")] {
        let rows = format!("{month}{rows}").repeat(200_000);
        offered.put(name, format!("{HEADER}\n{rows}").as_bytes());
    }
    offered.put("c.csv", row("2024-04-10").as_bytes());
    let child = offered
        .project
        .command(&["run", "shop", "--quiet"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    let opened = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", child.id()));
        files.is_ok_and(|files| {
            let mut names = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
            names.any(|name| name.ends_with("in/a.csv"))
        })
    };
    for _ in 0..60_000 {
        if opened() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    offered.project.remove("c.csv");
    let called = crate::support::finished(child.wait_with_output().expect("an end"));
    let code = documented("file gone between listing and reading");
    assert_eq!(called.code, code, "{}", called.stderr);
    assert!(called.stderr.contains("cannot read c.csv in "), "{}", called.stderr);
    assert!(called.stderr.contains("hint: check that the file is there"), "{}", called.stderr);
    assert_eq!(offered.project.query("select count(*) from sales"), ["1"]);
}

#[test]
fn names_in_archives_lead_nowhere() {
    let offered = Offered::new("");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, date) in [("../../up.csv", "2024-02-10"), ("/root.csv", "2024-03-10")] {
        archive.start_file(name, options).expect("in memory");
        archive.write_all(row(date).as_bytes()).expect("in memory");
    }
    offered.put("names.zip", &archive.finish().expect("in memory").into_inner());
    let (code, _, said) = offered.project.run_with(&[]);
    assert_eq!(code, documented("`../` in a name inside a `.zip`"), "{said}");
    let files = offered.project.query("select source_file from sales order by sale_date");
    assert_eq!(files, ["good.csv", "names.zip#../../up.csv", "names.zip#/root.csv"]);
    assert!(!offered.project.path("up.csv").exists());
    assert!(!offered.project.path("../up.csv").exists());
}

#[cfg(unix)]
#[test]
fn links_are_followed_where_they_lead_to_files() {
    use std::os::unix::fs::symlink;
    let offered = Offered::new("");
    let input = offered.project.path("in");
    offered.project.write("outside.csv", &row("2024-02-10"));
    symlink("../outside.csv", input.join("link.csv")).expect("a link");
    let (code, _, said) = offered.project.run_with(&[]);
    assert_eq!(code, documented("link to a file"), "{said}");
    assert_eq!(
        offered.project.query("select source_file from sales order by 1"),
        ["good.csv", "link.csv"]
    );
    symlink("nowhere.csv", input.join("dangling.csv")).expect("a link");
    std::fs::create_dir(input.join("folder.csv")).expect("a folder");
    let pipe = std::process::Command::new("mkfifo").arg(input.join("pipe.csv")).status();
    assert!(pipe.expect("mkfifo").success());
    let (code, report, said) = offered.project.run_with(&[]);
    let passed_over = "link to nothing; folder or pipe whose name fits";
    assert_eq!(code, documented(passed_over), "{said}");
    assert_eq!(report["outcome"], "nothing_to_do");
    symlink("b.csv", input.join("a.csv")).expect("a link");
    symlink("a.csv", input.join("b.csv")).expect("a link");
    let message = offered.project.refused(documented("links in a circle"));
    assert!(message.contains("links must not lead in a circle"), "{message}");
    for name in ["a.csv", "b.csv"] {
        std::fs::remove_file(input.join(name)).expect("there");
    }
    symlink("..", input.join("up")).expect("a link");
    let message = offered.project.refused(documented("links in a circle"));
    assert!(message.contains("links must not lead in a circle"), "{message}");
}
