use std::fmt::Write as _;

/// A small chart of one thing over time: an area under a line, drawn here, so that it needs no script.
#[derive(Debug)]
pub(super) struct Chart {
    /// The line, as SVG path data.
    pub(super) line: String,
    /// What is under it.
    pub(super) area: String,
    /// The largest value, for the label of the scale.
    pub(super) most: f64,
}

pub(super) const WIDTH: u32 = 240;
pub(super) const HEIGHT: u32 = 48;

impl Chart {
    /// Draws values that are as far apart in time as the next, the latest at the right edge. `places` is how many there can
    /// be; where one is missing, the line has a gap.
    pub(super) fn of(values: &[Option<f64>], places: usize) -> Self {
        let most = values.iter().flatten().copied().fold(0.0, f64::max);
        let step = f64::from(WIDTH) / f64::from(u32::try_from(places.saturating_sub(1).max(1)).unwrap_or(u32::MAX));
        let first = places.saturating_sub(values.len());
        let at = |place: usize| f64::from(u32::try_from(first + place).unwrap_or(u32::MAX)) * step;
        // A line at the edge would be cut in half.
        let (floor, room) = (f64::from(HEIGHT) - 1.0, f64::from(HEIGHT) - 3.0);
        let height = |value: f64| if most > 0.0 { floor - room * (value / most) } else { floor };
        let (mut line, mut area) = (String::new(), String::new());
        let mut began: Option<f64> = None;
        for (place, value) in values.iter().enumerate() {
            match (value, began) {
                (Some(value), None) => {
                    let (x, y) = (at(place), height(*value));
                    let _ = write!(line, "M{x:.1} {y:.1}");
                    let _ = write!(area, "M{x:.1} {floor}L{x:.1} {y:.1}");
                    began = Some(x);
                }
                (Some(value), Some(_)) => {
                    let point = format!("L{:.1} {:.1}", at(place), height(*value));
                    line.push_str(&point);
                    area.push_str(&point);
                }
                (None, Some(_)) => {
                    let _ = write!(area, "L{:.1} {floor}Z", at(place.saturating_sub(1)));
                    began = None;
                }
                (None, None) => {}
            }
        }
        if began.is_some() {
            let _ = write!(area, "L{:.1} {floor}Z", at(values.len().saturating_sub(1)));
        }
        Self { line, area, most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_value_is_at_the_right_edge_and_the_largest_at_the_top() {
        let chart = Chart::of(&[Some(0.0), Some(4.0), Some(2.0)], 3);
        assert_eq!(chart.line, "M0.0 47.0L120.0 2.0L240.0 24.5");
        assert_eq!(chart.area, "M0.0 47L0.0 47.0L120.0 2.0L240.0 24.5L240.0 47Z");
        assert!((chart.most - 4.0).abs() < f64::EPSILON);
        let young = Chart::of(&[Some(1.0)], 3);
        assert_eq!(young.line, "M240.0 2.0", "what was before the service is left empty");
    }

    #[test]
    fn what_is_unknown_is_a_gap_and_no_zero() {
        let chart = Chart::of(&[Some(1.0), None, Some(1.0)], 3);
        assert_eq!(chart.line, "M0.0 2.0M240.0 2.0");
        assert_eq!(chart.area, "M0.0 47L0.0 2.0L0.0 47ZM240.0 47L240.0 2.0L240.0 47Z");
        assert_eq!(Chart::of(&[], 3).line, "");
        assert_eq!(Chart::of(&[Some(0.0)], 3).line, "M240.0 47.0", "nothing at all is at the bottom");
    }
}
