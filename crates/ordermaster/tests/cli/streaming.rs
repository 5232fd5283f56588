//! Answers that come while they are read: readers that go away, and followers.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shop::{Shop, text};

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let shop = Shop::empty();
    for order in 0..30 {
        shop.create(&format!("o-{order}"), "ada");
    }
    let mut child =
        shop.command(&["events", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody will ever read what it writes.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// A child that is killed when a test fails before it ended.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn following_prints_what_comes_and_ends_with_ctrl_c() {
    let shop = Shop::empty();
    shop.create("o-1", "ada");
    let child = shop.command(&["events", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut following = Following(child);
    let mut lines = BufReader::new(following.0.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("order-o-1 v1  OrderCreated"));
    shop.done("order confirm o-1 --method pm_1");
    assert!(lines.next().unwrap().unwrap().contains("order-o-1 v2  OrderConfirmed"));
    let interrupted = Command::new("kill").args(["-INT", &following.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(following.0.wait().unwrap().code(), Some(0));
}
