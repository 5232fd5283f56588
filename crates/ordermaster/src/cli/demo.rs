//! `ordermaster demo`: business recorded, followed, looked at through time, and proven.

use std::path::PathBuf;
use std::time::Instant;

use annals::EventId;
use annals::projection::Progress;
use clap::Args;
use serde::Serialize;

use super::arguments::whole;
use super::{AppError, Busy, GlobalOptions, Session, import};
use crate::demo::{
    CustomerPage, Digests, Followed, Moments, Onwards, Piece, Rebuilt, Recording, SalesChart, Timeline,
    liveliest_order, quoted,
};
use crate::generate::{self, Business};
use crate::import::ImportOptions;
use crate::import::plan::Plan;

/// Over how many days generated orders are placed, so that there is a chart to draw.
const DAYS: u32 = 7;

/// What the demo runs on.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Without --store the demo has a new file of its own in the directory for temporary files, and says which; it never writes
into the store that other commands use.

Examples:
  ordermaster demo
  ordermaster demo --store sqlite://demo.db --orders 10000 --seed 2026")]
pub(super) struct Demo {
    /// How many orders to generate
    #[arg(long, default_value_t = 10_000, value_parser = whole)]
    orders: u64,
    /// What they are drawn from
    #[arg(long, default_value_t = 2026, value_parser = whole)]
    seed: u64,
    /// Invoices to import instead
    #[arg(long, value_name = "CSV")]
    input: Option<PathBuf>,
    /// What the invoices come to, once they are read.
    #[arg(skip)]
    plan: Plan,
}

#[derive(Serialize)]
struct Titled<'a, P> {
    section: &'static str,
    #[serde(flatten)]
    piece: &'a P,
}

impl Demo {
    /// Reads the invoices, and gives the demo a store of its own unless one is named.
    pub(super) fn prepare(&mut self, options: &mut GlobalOptions) -> Result<(), AppError> {
        if let Some(csv) = &self.input {
            self.plan = import::read(csv)?;
        }
        if !options.names_store {
            let file = format!("ordermaster-demo-{}.db", EventId::new());
            options.store = format!("sqlite://{}", std::env::temp_dir().join(file).display());
        }
        Ok(())
    }

    pub(super) async fn run(mut self, session: &mut Session) -> Result<(), AppError> {
        let recording = self.record(session).await?;
        show(session, &recording)?;
        let stop = session.stop.clone();
        let shown = stop.unless_asked(self.show(session)).await;
        shown.unwrap_or(Err(AppError::Stopped { done: self.again(session) }))
    }

    /// What the business recorded has to show.
    async fn show(&self, session: &mut Session) -> Result<(), AppError> {
        let followed = follow(session).await?;
        show(session, &followed)?;

        let (shop, url) = (session.shop.clone(), session.url.clone());
        let order =
            liveliest_order(&shop).await?.ok_or_else(|| AppError::argument("there is no order to show"))?;
        show(session, &Timeline::of(&shop, &order).await?)?;
        show(session, &Moments::of(&shop, &order).await?)?;
        let state = shop.orders().load(&order).await?.state;
        let customer = state.placed().map(|order| order.customer.clone());
        let customer = customer.ok_or_else(|| AppError::argument("there is no customer to show"))?;
        show(session, &CustomerPage::of(&shop, &customer).await?)?;
        show(session, &SalesChart::of(&shop).await?)?;

        let rebuilt = rebuild(session).await?;
        show(session, &rebuilt)?;
        let digests = check(session).await?;
        show(session, &digests)?;
        show(session, &Onwards::from(&shop, &url, &order, &customer).await?)?;
        if rebuilt.holds() && digests.holds() { Ok(()) } else { Err(AppError::ProofFailed) }
    }

    async fn record(&mut self, session: &Session) -> Result<Recording, AppError> {
        match &self.input {
            None => self.generate(session).await,
            Some(csv) => {
                let name = csv.display().to_string();
                let plan = std::mem::take(&mut self.plan);
                self.import(session, &name, plan).await
            }
        }
    }

    async fn generate(&self, session: &Session) -> Result<Recording, AppError> {
        let business = Business { seed: self.seed, orders: self.orders, days: DAYS };
        let began = Instant::now();
        let mut busy = Busy::new("recording a week of business");
        let mut on_progress = |done, all| busy.tick(Some((all, done)), || format!("{done} of {all} orders"));
        let report = generate::run(&session.shop, business, &session.stop, &mut on_progress).await?;
        if report.stopped {
            return Err(AppError::Stopped { done: self.again(session) });
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(Recording::of_generated(&report, self.seed, seconds, events_in(session).await?))
    }

    async fn import(&self, session: &Session, name: &str, plan: Plan) -> Result<Recording, AppError> {
        let began = Instant::now();
        let at_once = ImportOptions::default().at_once;
        let report = import::carry_out(session, name, plan, at_once).await?;
        if report.stopped {
            return Err(AppError::Stopped { done: self.again(session) });
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(Recording::of_imported(&report, name, seconds, events_in(session).await?))
    }

    fn again(&self, session: &Session) -> String {
        session.again(match &self.input {
            Some(csv) => format!("demo --input {}", quoted(&csv.display().to_string())),
            None => format!("demo --orders {} --seed {}", self.orders, self.seed),
        })
    }
}

async fn events_in(session: &Session) -> Result<u64, AppError> {
    Ok(session.shop.store().adapter().inspect.describe().await?.events)
}

async fn follow(session: &Session) -> Result<Followed, AppError> {
    let began = Instant::now();
    let mut busy = Busy::new("bringing read models up to date");
    let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{}", progress.view));
    session.shop.catch_up(&mut on_progress).await?;
    Ok(Followed::after(&session.shop, began.elapsed().as_secs_f64()).await?)
}

async fn rebuild(session: &Session) -> Result<Rebuilt, AppError> {
    let mut busy = Busy::new("rebuilding read models");
    let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{}", progress.view));
    Ok(Rebuilt::now(&session.shop, &mut on_progress).await?)
}

async fn check(session: &Session) -> Result<Digests, AppError> {
    let mut busy = Busy::new("checking digests");
    let mut on_progress = |events, streams| busy.tick(None, || format!("{events} events, {streams} streams"));
    Ok(Digests::now(&session.shop, &mut on_progress).await?)
}

/// Shows a piece at once: who watches should see the demo come along.
fn show<P: Piece>(session: &mut Session, piece: &P) -> Result<(), AppError> {
    let titled = Titled { section: P::TITLE, piece };
    let text =
        || format!("\n{}\n{}\n{}\n\n{piece}\n", P::TITLE, "═".repeat(P::TITLE.chars().count()), P::ABOUT);
    session.output.document(&titled, text)?;
    session.output.flush()
}
