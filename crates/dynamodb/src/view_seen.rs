//! All that the port shows of a view, for comparing two stores.

use annals_core::{Json, StreamId};
use annals_ports::{Adapter, Checkpoint, IndexValue, Parked, RowQuery, ViewId};
use fastrand::Rng;

use crate::view_work::{KEYS, PARTS, STREAMS};

/// All that can be read of a view.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    state: Option<(u64, u64, Option<String>, u64, u64)>,
    listed: Vec<ViewId>,
    rows: Vec<Option<Json>>,
    pages: Vec<Vec<(String, Json)>>,
    routes: Vec<Vec<String>>,
    parked: Vec<Parked>,
}

impl Seen {
    pub(crate) async fn of(adapter: &Adapter, view: &ViewId, mut rng: Rng) -> Self {
        let views = &adapter.views;
        let state = views.state(view).await.expect("states can be read").map(|state| {
            let Checkpoint { position, events, last_recorded_at } = state.checkpoint;
            let place = position.single_in(adapter.store).expect("its own").place;
            (place, events, last_recorded_at.map(|at| at.to_string()), state.rows, state.parked)
        });
        let mut keys: Vec<String> = KEYS.map(str::to_owned).into();
        keys.extend(["none", "a", ""].map(str::to_owned));
        let streams: Vec<StreamId> = STREAMS.map(|stream| stream.parse().expect("a stream")).into();
        let mut routes = views.routes(view, &streams).await.expect("routes can be read");
        for keys in &mut routes {
            keys.sort();
        }
        let mut pages = Vec::new();
        for query in queries(&mut rng) {
            pages.push(all(adapter, view, query).await);
        }
        Self {
            state,
            listed: views.list().await.expect("views can be listed").into_iter().map(|s| s.view).collect(),
            rows: views.rows(view, &keys).await.expect("rows can be read"),
            pages,
            routes,
            parked: views.parked(view, &streams).await.expect("parked events can be read"),
        }
    }
}

fn queries(rng: &mut Rng) -> Vec<RowQuery> {
    let parts: Vec<&str> = (0..rng.usize(0..3)).map(|_| *rng.choice(&PARTS).expect("some")).collect();
    let mut queries = vec![
        RowQuery::all(),
        RowQuery::keys(*rng.choice(&["k", "k-1", "x", "é", "%"]).expect("some")),
        RowQuery::index("by owner", IndexValue::default()),
        RowQuery::index("by owner", IndexValue::of(parts)),
        RowQuery::index("day", IndexValue::of([rng.choice(&PARTS).expect("some")])),
        RowQuery::index("none", IndexValue::default()),
    ];
    for query in &mut queries {
        let limit = *rng.choice(&[1, 2, 5, 100]).expect("some");
        *query = query.clone().limit(limit);
        if rng.bool() {
            *query = query.clone().backward();
        }
    }
    queries
}

async fn all(adapter: &Adapter, view: &ViewId, mut query: RowQuery) -> Vec<(String, Json)> {
    let mut rows = Vec::new();
    loop {
        let page = adapter.views.page(view, &query).await.expect("rows can be read");
        assert!(page.rows.len() <= query.limit);
        rows.extend(page.rows.into_iter().map(|row| (row.key, row.row)));
        match page.next {
            Some(token) => query.after = Some(token.to_string().parse().expect("a token survives as text")),
            None => return rows,
        }
    }
}
