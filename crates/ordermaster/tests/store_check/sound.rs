//! What is no fault: a store as it should be, writers at work, what a newer or another program left; and what no file can
//! tell about itself.

use annals::Metadata;
use annals::ports::CheckedPart;
use ordermaster::app::OrderMaster;
use ordermaster::check::StoreCheck;
use ordermaster::stop::Stop;
use ordermaster_domain::{AccountCommand, AccountId, DepositMethod};

use crate::pattern::{Pattern, check, tamper, url};
use crate::table::damages;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_in_a_store_that_is_as_it_should_be() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("whole");
    let before = std::fs::read(&file).unwrap();
    let checked = check(&file).await;
    assert!(checked.is_sound() && checked.notes.is_empty(), "{checked:#?}");
    assert_eq!(checked.events_checked, checked.events_in_store);
    assert!(checked.events_checked > 100, "{checked:#?}");
    let told = |part: CheckedPart| {
        checked
            .parts
            .iter()
            .find(|checked| checked.part == part)
            .and_then(|part| part.checked.clone())
            .unwrap()
    };
    assert_eq!(told(CheckedPart::Events), format!("{} decoded", checked.events_checked));
    assert_eq!(told(CheckedPart::Snapshots), "1 snapshot");
    assert!(!told(CheckedPart::Views).starts_with("0 rows"), "{checked:#?}");
    assert!(!told(CheckedPart::Views).contains(" 0 index"), "{checked:#?}");
    assert!(std::fs::read(&file).unwrap() == before, "a check changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_another_state_schema_and_a_view_of_another_program_are_noted_and_no_fault() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("other");
    tamper(
        &file,
        "UPDATE snapshots SET state_schema = 0; UPDATE views SET version = 9 WHERE name = 'daily_sales'",
    );
    let checked = check(&file).await;
    assert!(checked.is_sound(), "{checked:#?}");
    assert!(checked.notes[0].contains("1 snapshots are of another state schema"), "{:?}", checked.notes);
    assert!(checked.notes[1].contains("daily_sales v9 is none of this program's"), "{:?}", checked.notes);
}

/// What the guide says that a file cannot tell about itself; copies elsewhere can.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_history_taken_away_with_all_that_knew_of_it_cannot_be_seen() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("rewritten");
    let end = damages().into_iter().find(|damage| damage.name == "end_of_history_with_its_head").unwrap();
    tamper(
        &file,
        &format!(
            "{}; DELETE FROM views; DELETE FROM view_rows; DELETE FROM view_index;
                            DELETE FROM view_routes; DELETE FROM view_parked",
            end.sql
        ),
    );
    let checked = check(&file).await;
    assert!(checked.is_sound(), "{checked:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_do_not_make_a_check_find_anything() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("busy");
    let shop = OrderMaster::open(&url(&file)).await.unwrap();
    let stop = Stop::new();
    let writing = {
        let (shop, stop) = (shop.clone(), stop.clone());
        tokio::spawn(async move {
            let id: AccountId = "checked".parse().unwrap();
            let mut commits = 0_u64;
            while !stop.is_asked() {
                let amount = "1 GBP".parse().unwrap();
                let deposit = AccountCommand::Deposit { amount, method: DepositMethod::Cash };
                shop.accounts().execute(&id, &deposit, Metadata::new()).await.unwrap();
                shop.catch_up(&mut |_| {}).await.unwrap();
                commits += 1;
            }
            commits
        })
    };
    for _ in 0..3 {
        let checked = StoreCheck::run(&shop, &mut |_, _, _| {}).await.unwrap();
        assert!(checked.is_sound(), "{checked:#?}");
    }
    stop.ask();
    assert!(writing.await.unwrap() > 0);
}
