//! How many requests are in progress, by what a service shows. The service is simulated, with a clock of
//! its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use cruddur::dynamodb::Concurrency;

/// A service that works on one request at a time, and whose answers take their way. Microseconds.
struct Service {
    work: u64,
    way: u64,
    now: u64,
    free: u64,
    /// The ends, numbers and beginnings of requests.
    open: BinaryHeap<Reverse<(u64, u64, u64)>>,
}

impl Service {
    fn new(work: u64, way: u64) -> Self {
        Self { work, way, now: 0, free: 0, open: BinaryHeap::new() }
    }

    /// Answers so many requests. Returns the least and the highest limit, and the requests a second.
    fn answer(&mut self, requests: u32, concurrency: &mut Concurrency) -> (usize, usize, f64) {
        let (start, mut least, mut most) = (self.now, usize::MAX, 0);
        for _ in 0..requests {
            while self.open.len() < concurrency.limit() {
                self.free = self.free.max(self.now) + self.work;
                self.open.push(Reverse((self.free + self.way, concurrency.sent(), self.now)));
            }
            let Reverse((end, number, begin)) = self.open.pop().unwrap();
            self.now = end;
            concurrency.answered(number, Duration::from_micros(end - begin));
            (least, most) = (least.min(concurrency.limit()), most.max(concurrency.limit()));
        }
        (least, most, f64::from(requests) / Duration::from_micros(self.now - start).as_secs_f64())
    }
}

fn writers() -> Concurrency {
    Concurrency::new(8, 160)
}

#[test]
fn it_stays_where_more_would_only_wait() {
    let (mut concurrency, mut service) = (writers(), Service::new(1_000, 0));
    let (least, most, rate) = service.answer(4_000, &mut concurrency);
    assert_eq!((least, most), (8, 16), "16 is tried once, later only 9");
    assert_eq!(concurrency.limit(), 8);
    assert!(rate > 990.0, "{rate}");
}

#[test]
fn it_grows_as_far_as_the_distance_asks() {
    for (way, needed) in [(10_000, 11), (40_000, 41), (100_000, 101)] {
        let (mut concurrency, mut service) = (writers(), Service::new(1_000, way));
        service.answer(1_000, &mut concurrency);
        let (_, most, rate) = service.answer(3_000, &mut concurrency);
        assert!(rate > 900.0, "{rate} a second, {way}");
        // A doubling pays if it brings a tenth.
        assert!(most <= 4 * needed, "{most} at most, {way}");
    }
}

#[test]
fn each_doubling_takes_little_more_than_one_answers_way() {
    let (mut concurrency, mut service) = (writers(), Service::new(500, 40_000));
    while concurrency.limit() < 64 {
        service.answer(1, &mut concurrency);
    }
    assert!(service.now < 4 * 40_000, "8, 16, 32, 64 took {} µs", service.now);
}

#[test]
fn it_grows_to_its_end_if_nothing_speaks_against_it() {
    let (mut concurrency, mut service) = (writers(), Service::new(0, 10_000));
    service.answer(1_000, &mut concurrency);
    assert_eq!(concurrency.limit(), 160);
    let (least, most, _) = service.answer(1_000, &mut concurrency);
    assert_eq!((least, most), (160, 160));
}

#[test]
fn it_follows_a_service_that_changes() {
    let (mut concurrency, mut service) = (writers(), Service::new(1_000, 0));
    service.answer(500, &mut concurrency);
    service.way = 40_000;
    service.answer(4_000, &mut concurrency);
    let (_, _, rate) = service.answer(3_000, &mut concurrency);
    assert!(rate > 800.0, "farther away: {rate} a second");
    service.work = 4_000;
    let (least, _, rate) = service.answer(3_000, &mut concurrency);
    assert!(rate > 230.0, "slower: {rate} a second");
    assert!(least >= 11, "{least}");
}

#[test]
fn a_refusal_halves_it_once_and_then_it_grows_by_one() {
    let (mut concurrency, mut service) = (writers(), Service::new(0, 10_000));
    service.answer(1_000, &mut concurrency);
    assert_eq!(concurrency.limit(), 160);
    let sent: Vec<u64> = (0..160).map(|_| concurrency.sent()).collect();
    // They were under way together.
    for number in sent {
        concurrency.refused(number);
    }
    assert_eq!(concurrency.limit(), 80);
    let next = concurrency.sent();
    concurrency.refused(next);
    assert_eq!(concurrency.limit(), 40);
    let mut service = Service::new(0, 10_000);
    let (least, most, _) = service.answer(80, &mut concurrency);
    assert_eq!((least, most), (40, 41), "one more for a whole round");
    for _ in 0..20 {
        let number = concurrency.sent();
        concurrency.refused(number);
    }
    assert_eq!(concurrency.limit(), 1, "never none");
}
