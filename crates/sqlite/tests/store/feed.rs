//! The feed from far behind, where several threads read a page together: it is the same feed.

use annals_core::{Category, CommitId};
use annals_ports::{Append, Commit, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery};

use crate::file::{File, event, stream};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_hold_the_same_feed_from_far_behind() {
    let file = File::new();
    let store = file.open().await;
    let events: u64 = 5_050;
    for first in (0..events).step_by(50) {
        let name = format!("{}-{first}", if first % 3 == 0 { "payment" } else { "order" });
        let append =
            Append::new(stream(&name), Expectation::NoStream, (first..first + 50).map(event).collect());
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
    let beginning = || FeedPosition::beginning(store.id());
    for query in [FeedQuery::all(), FeedQuery::categories(vec![Category::new("payment").unwrap()])] {
        let few_at_once = store.read_to_end(&query.clone().limit(101), beginning()).await.unwrap();
        assert!(few_at_once.0.len() > 1_500);
        for limit in [1_000, 1_001, 2_000, 5_000] {
            let many_at_once = store.read_to_end(&query.clone().limit(limit), beginning()).await.unwrap();
            assert_eq!(many_at_once, few_at_once, "{limit} at once");
        }
    }
}
