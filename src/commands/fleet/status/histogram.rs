//! When certificates end, in parts of time that suit the range.

use std::collections::BTreeMap;

use time::Date;
use time::Duration;
use time::OffsetDateTime;

/// How long a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    /// Seven days, the first of them today.
    Week,
    Month,
    Year,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// So that there are neither two bars nor a hundred.
    fn of(range: Duration) -> Self {
        match range.whole_days() {
            ..=21 => Self::Day,
            22..=182 => Self::Week,
            183..=1096 => Self::Month,
            _ => Self::Year,
        }
    }

    /// The first day of the part that has this day.
    fn begin(self, day: Date, today: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let days = (day - today).whole_days();
                today + Duration::days(days.div_euclid(7) * 7)
            }
            Self::Month => day.replace_day(1).unwrap_or(day),
            Self::Year => Date::from_ordinal_date(day.year(), 1).unwrap_or(day),
        }
    }

    fn next(self, begin: Date) -> Date {
        match self {
            Self::Day => begin + Duration::DAY,
            Self::Week => begin + Duration::WEEK,
            // the first of a month, and 31 days on is the next month
            Self::Month => (begin + Duration::days(31)).replace_day(1).unwrap_or(begin),
            Self::Year => Date::from_ordinal_date(begin.year() + 1, 1).unwrap_or(begin),
        }
    }

    fn label(self, begin: Date) -> String {
        let text = begin.to_string();
        let length = match self {
            Self::Day | Self::Week => text.len(),
            Self::Month => text.len() - "-01".len(),
            Self::Year => text.len() - "-01-01".len(),
        };
        text[..length].to_owned()
    }
}

/// How many end on which day.
#[derive(Debug, Default)]
pub(super) struct Days(BTreeMap<i64, usize>);

const DAY: i64 = 86_400;

impl Days {
    /// One that ends at this second since 1970.
    pub(super) fn add(&mut self, end: i64) {
        *self.0.entry(end.div_euclid(DAY)).or_default() += 1;
    }

    /// In parts, without gaps; nothing where there is none.
    pub(super) fn parts(&self, now: OffsetDateTime) -> Option<(Unit, Vec<(String, usize)>)> {
        let date = |day: &i64| OffsetDateTime::from_unix_timestamp(day * DAY).ok().map(OffsetDateTime::date);
        let (first, last) = (date(self.0.keys().next()?)?, date(self.0.keys().next_back()?)?);
        let today = now.date();
        let unit = Unit::of(last - today.min(first));
        let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
        let (mut begin, end) = (unit.begin(today.min(first), today), unit.begin(last, today));
        // a range of ten thousand years is no reason to draw them
        while begin < end && counts.len() < 400 {
            counts.insert(begin, 0);
            begin = unit.next(begin);
        }
        for (day, count) in &self.0 {
            *counts.entry(unit.begin(date(day)?, today)).or_default() += count;
        }
        Some((unit, counts.into_iter().map(|(begin, count)| (unit.label(begin), count)).collect()))
    }
}

/// Rows of label, count and bar, the longest bar as wide as there is room.
pub(super) fn bars(parts: &[(String, usize)], width: usize, fancy: bool) -> String {
    let most = parts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let labels = parts.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let digits = most.to_string().len();
    let room = width.saturating_sub(labels + digits + 7).clamp(10, 100);
    let mut text = String::new();
    for (label, count) in parts {
        // what is not nothing is seen
        let eighths = (count * room * 8).div_ceil(most);
        let bar = match fancy {
            true => {
                let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
                "█".repeat(eighths / 8) + rest
            }
            false => "#".repeat(eighths.div_ceil(8)),
        };
        text.push_str(format!("  {label:labels$}  {count:>digits$}  {bar}").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn parts(ends: &[i64]) -> (Unit, Vec<(String, usize)>) {
        let now = datetime!(2026-11-21 10:00 UTC);
        let mut days = Days::default();
        ends.iter().for_each(|days_left| days.add(now.unix_timestamp() + days_left * DAY));
        days.parts(now).unwrap()
    }

    #[test]
    fn the_range_chooses_the_unit_and_no_part_is_left_out() {
        let (unit, days) = parts(&[0, 3, 3]);
        let expected = [("2026-11-21", 1), ("2026-11-22", 0), ("2026-11-23", 0), ("2026-11-24", 2)];
        assert_eq!((unit, days), (Unit::Day, expected.map(|(label, count)| (label.to_owned(), count)).to_vec()));
        let (unit, weeks) = parts(&[6, 7, 90]);
        assert_eq!((unit, weeks.len()), (Unit::Week, 13));
        assert_eq!(weeks[..2], [("2026-11-21".to_owned(), 1), ("2026-11-28".to_owned(), 1)]);
        let (unit, months) = parts(&[10, 365]);
        assert_eq!((unit, months.len(), months[1].clone()), (Unit::Month, 13, ("2026-12".to_owned(), 1)));
        assert_eq!((months[0].clone(), months[12].clone()), (("2026-11".to_owned(), 0), ("2027-11".to_owned(), 1)));
        let (unit, years) = parts(&[2000, 3650]);
        assert_eq!((unit, years.len(), years.last().cloned()), (Unit::Year, 11, Some(("2036".to_owned(), 1))));
        assert!(Days::default().parts(datetime!(2026-11-21 10:00 UTC)).is_none());
    }

    #[test]
    fn a_bar_is_as_long_as_its_part_of_the_most() {
        let parts = [("a".to_owned(), 100), ("b".to_owned(), 50), ("c".to_owned(), 1), ("d".to_owned(), 0)];
        let text = bars(&parts, 31, false);
        let expected = format!("  a  100  {}\n  b   50  {}\n  c    1  #\n  d    0\n", "#".repeat(20), "#".repeat(10));
        assert_eq!(text, expected);
        assert!(bars(&parts, 31, true).contains(&format!("  a  100  {}\n", "█".repeat(20))));
    }
}
