//! The story of one order, from the basket to the door and back, told step by step.

use std::time::Duration;

use annals::Timestamp;
use ordermaster_domain::{
    Currency, GatewayResponse, InventoryCommand, LineNumber, Money, NewItem, NewOrder, OrderCommand, OrderId,
    PaymentCommand, PaymentId, PaymentMethod, Quantity, Reason, ReturnedItem, TaxRate, Tracking,
};
use rust_decimal::Decimal;

use super::accounts;
use super::catalogue;
use super::fates::Fate;
use super::shelf::{ARTICLES, Pieces, Shelf};
use super::step::{self, Act, valid};

/// An order while its story is told.
pub(super) struct OrderStory<'a> {
    seed: u64,
    order: OrderId,
    payment: PaymentId,
    customer: u64,
    currency: Currency,
    tax_rate: TaxRate,
    at: Timestamp,
    lines: Vec<(LineNumber, Pieces)>,
    shelf: &'a mut Shelf,
    rng: fastrand::Rng,
    telling: step::Telling,
}

impl<'a> OrderStory<'a> {
    #[expect(clippy::too_many_arguments, reason = "what an order is told from, each of its own kind")]
    pub(super) fn new(
        seed: u64,
        number: u64,
        customer: u64,
        (currency, tax_rate): (Currency, TaxRate),
        at: Timestamp,
        shelf: &'a mut Shelf,
        rng: fastrand::Rng,
        telling: step::Telling,
    ) -> Self {
        let id = format!("s{seed}-{number:06}");
        let (order, payment) = (valid(OrderId::new(&id)), valid(PaymentId::new(&id)));
        Self {
            seed,
            order,
            payment,
            customer,
            currency,
            tax_rate,
            at,
            lines: Vec::new(),
            shelf,
            rng,
            telling,
        }
    }

    /// Tells the whole story.
    pub(super) fn tell(mut self, fate: Fate, till: u64) -> step::Telling {
        self.create();
        self.change_mind();
        if fate == Fate::CancelledWhenCreated {
            let cancel = self.cancel("the customer changed their mind");
            self.happens(30, [cancel]);
            return self.telling;
        }
        self.confirm();
        match fate {
            Fate::LeftConfirmed => return self.telling,
            Fate::CancelledWhenConfirmed => {
                self.call_off("the customer found it cheaper");
                return self.telling;
            }
            Fate::PaymentFails => {
                self.call_off("the payment failed");
                return self.telling;
            }
            Fate::PaidAtSecondTry => self.try_again(),
            _ => {}
        }
        self.pay(till);
        match fate {
            Fate::LeftPaid => return self.telling,
            Fate::CancelledWhenPaid => {
                self.call_off_and_refund();
                return self.telling;
            }
            _ => {}
        }
        self.ship();
        if fate == Fate::LeftShipped {
            return self.telling;
        }
        self.deliver();
        match fate {
            Fate::Returned => self.give_back(),
            Fate::TaxCorrected => self.correct_tax(),
            _ => {}
        }
        self.telling
    }

    fn create(&mut self) {
        let mut places: Vec<_> = (0..ARTICLES).collect();
        self.rng.shuffle(&mut places);
        places.truncate(match self.rng.u8(0..100) {
            0..30 => 1,
            30..80 => 2,
            _ => ARTICLES,
        });
        for (place, number) in places.into_iter().zip(LineNumber::from_first()) {
            let quantity = valid(Quantity::new(self.rng.u32(1..6)));
            self.lines.push((number, Pieces { place, quantity }));
        }
        let create = self.act(OrderCommand::Create(NewOrder {
            customer: catalogue::customer(self.customer),
            placed_at: Some(self.at),
            items: self.lines.iter().map(|(_, pieces)| self.item(*pieces)).collect(),
            tax_rate: self.tax_rate,
            shipping_address: catalogue::address(self.customer),
        }));
        self.happens(0, [create.clone()]);
        if self.chance(2) {
            self.is_refused("create an order that is there", create);
        }
        if self.chance(3) {
            let ship = self.act(OrderCommand::Ship(self.tracking()));
            self.is_refused("ship an order that is not paid", ship);
        }
    }

    /// An item more, or one less.
    fn change_mind(&mut self) {
        let free = (0..ARTICLES).find(|place| self.lines.iter().all(|(_, pieces)| pieces.place != *place));
        let mut next = self.lines.last().map_or(LineNumber::FIRST, |(number, _)| number.next());
        if let Some(place) = free
            && self.chance(10)
        {
            let pieces = Pieces { place, quantity: valid(Quantity::new(self.rng.u32(1..4))) };
            let add = self.act(OrderCommand::AddItem(self.item(pieces)));
            self.happens(1, [add]);
            self.lines.push((next, pieces));
            next = next.next();
        }
        if let [(line, _)] = self.lines[..] {
            if self.chance(4) {
                let remove = self.act(OrderCommand::RemoveItem { line });
                self.is_refused("remove the last item of an order", remove);
            }
        } else if self.chance(6) {
            let (line, _) = self.lines.remove(0);
            let remove = self.act(OrderCommand::RemoveItem { line });
            self.happens(1, [remove]);
        }
        if self.chance(1) {
            let remove = self.act(OrderCommand::RemoveItem { line: next });
            self.is_refused("remove an item that an order does not have", remove);
        }
    }

    fn confirm(&mut self) {
        if self.chance(2) {
            let (order, quantity) = (self.order.clone(), valid(Quantity::new(1_000_000)));
            let reserve = self.shelf.act(0, InventoryCommand::Reserve { order, quantity });
            self.is_refused("reserve more than is there", reserve);
        }
        let payment_method = self.method();
        let mut acts = vec![self.act(OrderCommand::Confirm { payment_method }), self.request()];
        for (_, pieces) in self.lines.clone() {
            acts.push(self.shelf.reserve(&self.order, pieces));
        }
        self.happens(2, acts);
    }

    fn pay(&mut self, till: u64) {
        let total = self.total();
        let process = self.pays(PaymentCommand::Process {
            transaction_id: valid(format!("tx-{}", self.payment).parse()),
            gateway_response: valid(GatewayResponse::new(r#"{"status":"captured"}"#)),
        });
        self.happens(1, [process.clone()]);
        if self.chance(1) {
            self.is_refused("process a payment twice", process);
        }
        let paid = OrderCommand::MarkPaid { payment: self.payment.clone(), amount: total };
        if self.chance(2) {
            let more = valid(total.checked_add(self.smallest()));
            let wrong = OrderCommand::MarkPaid { payment: self.payment.clone(), amount: more };
            let wrong = self.act(wrong);
            self.is_refused("pay another amount than the total", wrong);
        }
        let mut acts = vec![self.act(paid.clone())];
        for (_, pieces) in self.lines.clone() {
            acts.push(self.shelf.allocate(&self.order, pieces));
        }
        self.happens(1, acts);
        if self.chance(2) {
            let again = self.act(paid);
            self.is_refused("pay an order twice", again);
        }
        if self.currency == Currency::GBP && self.chance(12) {
            self.happens(1, [accounts::pay_in(self.seed, till, total)]);
        }
    }

    fn ship(&mut self) {
        let ship = self.act(OrderCommand::Ship(self.tracking()));
        self.happens(150, [ship]);
        if self.chance(2) {
            let cancel = self.cancel("too late");
            self.is_refused("cancel an order that is on its way", cancel);
        }
    }

    fn deliver(&mut self) {
        let deliver = self.act(OrderCommand::Deliver);
        self.happens(1_300, [deliver]);
        if self.chance(2) {
            let (_, pieces) = self.lines[0];
            let more = valid(Quantity::new(pieces.quantity.get() + 1));
            let back = self.comes_back(Pieces { quantity: more, ..pieces });
            self.is_refused("return more than was bought", back);
        }
        if self.chance(1) {
            let (order, quantity) = (self.order.clone(), Quantity::ONE);
            let release = self.shelf.act(0, InventoryCommand::Release { order, quantity });
            self.is_refused("release what is not reserved", release);
        }
    }

    /// A part of it comes back; at times another part later.
    fn give_back(&mut self) {
        let times = if self.lines.len() > 1 && self.chance(30) { 2 } else { 1 };
        for (_, pieces) in self.lines.clone().into_iter().take(times) {
            let quantity = valid(Quantity::new(self.rng.u32(1..=pieces.quantity.get())));
            let pieces = Pieces { quantity, ..pieces };
            let back = self.comes_back(pieces);
            let refund = self.pays(PaymentCommand::Refund { amount: self.price(pieces) });
            let put_back = self.shelf.put_back(pieces);
            self.happens(3_000, [back, refund, put_back]);
        }
        if self.chance(10) {
            let refund = self.pays(PaymentCommand::Refund { amount: self.total() });
            self.is_refused("refund more than is left of a payment", refund);
        }
    }

    fn correct_tax(&mut self) {
        let half = valid(TaxRate::new(self.tax_rate.fraction() / Decimal::TWO));
        let tax = valid(half.on(self.net()));
        let reason = valid(Reason::new("the reduced rate applies"));
        let correct = self.act(OrderCommand::CorrectTax { tax, reason });
        self.happens(4_000, [correct]);
    }

    /// The payment comes to nothing, and the order with it.
    fn call_off(&mut self, why: &'static str) {
        let fail = self.pays(PaymentCommand::Fail { reason: valid(Reason::new(why)) });
        let mut acts = vec![self.cancel(why), fail];
        for (_, pieces) in self.lines.clone() {
            acts.push(self.shelf.release(&self.order, pieces));
        }
        self.happens(20, acts);
    }

    fn call_off_and_refund(&mut self) {
        let refund = self.pays(PaymentCommand::Refund { amount: self.total() });
        let mut acts = vec![self.cancel("it takes too long"), refund];
        for (_, pieces) in self.lines.clone() {
            acts.push(self.shelf.put_back(pieces));
        }
        self.happens(600, acts);
    }

    /// The payment fails, and another one is asked for.
    fn try_again(&mut self) {
        let fail = self.pays(PaymentCommand::Fail { reason: valid(Reason::new("the card was declined")) });
        self.happens(1, [fail]);
        self.payment = valid(PaymentId::new(&format!("{}-2", self.payment)));
        let request = self.request();
        self.happens(15, [request]);
    }

    fn comes_back(&self, pieces: Pieces) -> Act {
        let item =
            ReturnedItem { sku: self.shelf.article(pieces.place).sku.clone(), quantity: pieces.quantity };
        let (reason, refund) = (valid(Reason::new("not as expected")), self.price(pieces));
        self.act(OrderCommand::Return { items: vec![item], reason, refund })
    }

    fn request(&self) -> Act {
        let (order, amount, method) = (self.order.clone(), self.total(), self.method());
        self.pays(PaymentCommand::Request { order, amount, method })
    }

    fn cancel(&self, why: &str) -> Act {
        self.act(OrderCommand::Cancel { reason: valid(Reason::new(why)), refund: None })
    }

    fn item(&self, pieces: Pieces) -> NewItem {
        let article = self.shelf.article(pieces.place);
        NewItem {
            sku: article.sku.clone(),
            description: article.description.clone(),
            quantity: pieces.quantity,
            unit_price: article.price(self.currency),
        }
    }

    fn tracking(&self) -> Tracking {
        let (carrier, number) = ("Swift Parcels", format!("SP-{}", self.order));
        Tracking { carrier: valid(carrier.parse()), tracking_number: valid(number.parse()) }
    }

    fn method(&self) -> PaymentMethod {
        valid(PaymentMethod::new(&format!("pm_{}", catalogue::customer(self.customer))))
    }

    fn price(&self, pieces: Pieces) -> Money {
        valid(self.shelf.article(pieces.place).price(self.currency).times(pieces.quantity))
    }

    fn net(&self) -> Money {
        let add =
            |sum: Money, (_, pieces): &(LineNumber, Pieces)| valid(sum.checked_add(self.price(*pieces)));
        self.lines.iter().fold(Money::zero(self.currency), add)
    }

    fn total(&self) -> Money {
        let net = self.net();
        valid(net.checked_add(valid(self.tax_rate.on(net))))
    }

    fn smallest(&self) -> Money {
        valid(Money::new(Decimal::new(1, self.currency.minor_units()), self.currency))
    }

    fn act(&self, command: OrderCommand) -> Act {
        Act::Order(self.order.clone(), command)
    }

    fn pays(&self, command: PaymentCommand) -> Act {
        Act::Payment(self.payment.clone(), command)
    }

    /// Something happens, so many minutes later.
    fn happens(&mut self, minutes: u64, acts: impl IntoIterator<Item = Act>) {
        self.at = self.at.plus(Duration::from_secs(minutes * 60));
        self.telling.done(self.at, acts);
    }

    fn is_refused(&mut self, tried: &'static str, act: Act) {
        self.telling.refused(tried, self.at, act);
    }

    fn chance(&mut self, of_hundred: u8) -> bool {
        self.rng.u8(0..100) < of_hundred
    }
}
