//! Time buckets: from an instant, an hour or a day to the number of its output labels.

use std::collections::HashMap;

use indexmap::IndexSet;
use jiff::civil::{Date, DateTime, Time};

use crate::calendar::{DAY, HOUR, LocalTime, MINUTE, from_local, to_local};
use crate::{Grain, Plan, Range};

/// The buckets of a plan. A bucket's number is its *place*.
pub(crate) struct Times<'a> {
    local: LocalTime<'a>,
    /// The output's time dimensions and the finest of them; nothing without a range.
    bounds: Option<Bounds>,
    /// Milliseconds that surely lie in one bucket.
    unit: i64,
    last: Option<(i64, Option<u32>)>,
    known: HashMap<i64, Option<u32>>,
    labels: IndexSet<Vec<i16>>,
}

struct Bounds {
    grains: Vec<Grain>,
    finest: Grain,
    from: DateTime,
    until: DateTime,
}

impl<'a> Times<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let grains: Vec<_> =
            plan.dims.iter().filter_map(|dim| Grain::named(dim.as_str())).collect();
        let bounds = plan.grain.zip(plan.range).map(|(finest, Range { start, end })| Bounds {
            grains,
            finest,
            from: finest.floor(start),
            until: end,
        });
        let unit = match plan.grain {
            Some(Grain::Minute) => MINUTE,
            Some(Grain::Hour) => HOUR,
            Some(Grain::Day | Grain::Month | Grain::Year) | None => DAY,
        };
        Self {
            local: plan.zone.reader(),
            bounds,
            unit,
            last: None,
            known: HashMap::new(),
            labels: IndexSet::new(),
        }
    }

    /// Whether a day lies in the range, at least with a part.
    pub(crate) fn touches(&self, day: Date) -> bool {
        let Some(Bounds { finest, from, until, .. }) = &self.bounds else { return true };
        let midnight = day.to_datetime(Time::midnight());
        let (begin, end) = if self.has_whole_days() {
            (finest.floor(midnight), finest.next(finest.floor(midnight)))
        } else {
            (midnight, Grain::Day.next(midnight))
        };
        begin < *until && end.is_none_or(|end| end > *from)
    }

    /// The bucket an instant lies in; nothing outside the range.
    pub(crate) fn at(&mut self, epoch_millis: i64) -> Option<u32> {
        let unit = self.local.at(epoch_millis).div_euclid(self.unit);
        self.unit(unit)
    }

    /// The bucket a whole day lies in, for buckets that are no shorter.
    pub(crate) fn day(&mut self, day: Date) -> Option<u32> {
        let local = to_local(day.to_datetime(Time::midnight()));
        self.unit(local.div_euclid(self.unit))
    }

    /// The bucket an hour of a day lies in, for buckets that are no shorter.
    pub(crate) fn hour(&mut self, day: Date, hour: u8) -> Option<u32> {
        let local = to_local(day.to_datetime(Time::midnight())) + i64::from(hour) * HOUR;
        self.unit(local.div_euclid(self.unit))
    }

    /// Whether each bucket lies within one day: not so a month, nor "eight o'clock" of all days.
    pub(crate) fn has_buckets_of_one_day(&self) -> bool {
        let parts = [Grain::Year, Grain::Month, Grain::Day];
        let grains = self.bounds.as_ref().map(|bounds| &bounds.grains);
        grains.is_some_and(|grains| parts.iter().all(|part| grains.contains(part)))
    }

    /// Whether all instants of a day lie in one bucket.
    pub(crate) const fn has_whole_days(&self) -> bool {
        self.unit == DAY
    }

    fn unit(&mut self, unit: i64) -> Option<u32> {
        if let Some((known, place)) = self.last
            && known == unit
        {
            return place;
        }
        let place = self.place(unit);
        self.last = Some((unit, place));
        place
    }

    /// The bucket that a whole unit lies in.
    fn place(&mut self, unit: i64) -> Option<u32> {
        if let Some(place) = self.known.get(&unit) {
            return *place;
        }
        let place = match &self.bounds {
            None => Some(self.labels.insert_full(Vec::new()).0),
            Some(bounds) => {
                let bucket = bounds.finest.floor(from_local(unit.saturating_mul(self.unit)));
                (bounds.from <= bucket && bucket < bounds.until).then(|| {
                    let labels = bounds.grains.iter().map(|grain| grain.value(bucket));
                    self.labels.insert_full(labels.collect()).0
                })
            }
        };
        let place = place.and_then(|place| u32::try_from(place).ok());
        self.known.insert(unit, place);
        place
    }

    /// The labels of a bucket.
    pub(crate) fn labels(&self, place: u32) -> &[i16] {
        self.labels.get_index(place as usize).map_or(&[], Vec::as_slice)
    }

    /// Calls `visit` with every bucket in range that `[from, until)` (epoch milliseconds) touches.
    pub(crate) fn each(&mut self, from: i64, until: i64, mut visit: impl FnMut(u32)) {
        let (from_local_time, until) =
            (from_local(self.local.at(from)), from_local(self.local.at(until)));
        let Some(bounds) = &self.bounds else {
            visit(self.at(from).unwrap_or(0));
            return;
        };
        let finest = bounds.finest;
        let mut bucket = bounds.from.max(finest.floor(from_local_time));
        let end = bounds.until.min(until);
        while bucket < end {
            if let Some(place) = self.place(to_local(bucket).div_euclid(self.unit)) {
                visit(place);
            }
            let Some(next) = finest.next(bucket) else { return };
            bucket = next;
        }
    }
}
