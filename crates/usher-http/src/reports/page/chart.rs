//! Charts as SVG: lines over time, bars side by side. Colours and type come from the page's style sheet.

use std::fmt::{Result, Write as _};

use super::series::{Timeline, ticks, written};
use crate::reports::xml::escaped;

/// The drawing area of a chart, in its own units.
#[derive(Clone, Copy)]
pub(super) struct Canvas {
    width: f64,
    height: f64,
    ticks: usize,
}

/// One of many charts, or a chart on a phone.
pub(super) const SMALL: Canvas = Canvas { width: 440.0, height: 190.0, ticks: 5 };
/// The only chart of a page.
pub(super) const LARGE: Canvas = Canvas { width: 960.0, height: 300.0, ticks: 9 };

const LEFT: f64 = 52.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

/// Buckets that tell their number when pointed at; a chart of more would be heavy.
const TOLD_MAX: usize = 100;

/// Height of a bar with its gap, and where bars begin.
const BAR: f64 = 24.0;
const NAMES: f64 = 170.0;

/// Longest name beside a bar, in characters.
const NAME_MAX: usize = 26;

/// Lines over time, one per series. Writing to a string cannot fail.
pub(super) fn lines(
    canvas: Canvas,
    timeline: &Timeline,
    lines: &[Vec<u64>],
    title: &str,
) -> String {
    let mut svg = String::new();
    let top = lines.iter().flatten().copied().max().unwrap_or(0);
    let plot = Plot { canvas, top: round_up(top), buckets: timeline.buckets.len() };
    let _ = plot.open(&mut svg, title);
    let _ = plot.grid(&mut svg);
    let _ = plot.times(&mut svg, timeline);
    for (nth, values) in lines.iter().enumerate().rev() {
        let _ = plot.line(&mut svg, (nth, lines.len()), values);
    }
    if timeline.buckets.len() <= TOLD_MAX {
        let _ = plot.told(&mut svg, timeline, lines);
    }
    svg.push_str("</svg>");
    svg
}

struct Plot {
    canvas: Canvas,
    top: u64,
    buckets: usize,
}

impl Plot {
    fn open(&self, svg: &mut String, title: &str) -> Result {
        let Canvas { width, height, .. } = self.canvas;
        let title = escaped(title);
        write!(svg, "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">")
    }

    /// Where a bucket is, from left to right.
    fn x(&self, bucket: usize) -> f64 {
        let room = self.canvas.width - LEFT - RIGHT;
        let last = self.buckets.saturating_sub(1);
        if last == 0 { LEFT + room / 2.0 } else { LEFT + room * number(bucket) / number(last) }
    }

    fn y(&self, value: u64) -> f64 {
        let room = self.canvas.height - TOP - BOTTOM;
        TOP + room * (1.0 - share(value, self.top))
    }

    fn grid(&self, svg: &mut String) -> Result {
        let steps = if self.top.is_multiple_of(4) { 4 } else { self.top.clamp(1, 5) };
        let right = self.canvas.width - RIGHT;
        for step in 0..=steps {
            let value = self.top * step / steps;
            let (y, text) = (self.y(value), short(value));
            write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>")?;
            let (x, y) = (LEFT - 6.0, y + 4.0);
            write!(svg, "<text class=\"y\" x=\"{x}\" y=\"{y:.1}\">{text}</text>")?;
        }
        Ok(())
    }

    fn times(&self, svg: &mut String, timeline: &Timeline) -> Result {
        let bottom = self.canvas.height - BOTTOM;
        for (place, text) in ticks(timeline, self.canvas.ticks) {
            let x = self.x(place);
            let anchor = match place {
                0 if self.buckets > 1 => "start",
                _ if place + 1 == self.buckets && self.buckets > 1 => "end",
                _ => "middle",
            };
            write!(svg, "<path class=\"tick\" d=\"M{x:.1} {bottom}v4\"/>")?;
            let y = bottom + 17.0;
            write!(
                svg,
                "<text class=\"x\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y}\">{text}</text>"
            )?;
        }
        Ok(())
    }

    fn line(&self, svg: &mut String, (nth, of): (usize, usize), values: &[u64]) -> Result {
        let mut path = String::new();
        for (bucket, value) in values.iter().enumerate() {
            let step = if bucket == 0 { 'M' } else { 'L' };
            write!(path, "{step}{:.1} {:.1}", self.x(bucket), self.y(*value))?;
        }
        if of == 1 && values.len() > 1 {
            let (first, last, floor) = (self.x(0), self.x(values.len() - 1), self.y(0));
            write!(
                svg,
                "<path class=\"area s{nth}\" d=\"{path}L{last:.1} {floor}L{first:.1} {floor}Z\"/>"
            )?;
        }
        write!(svg, "<path class=\"line s{nth}\" d=\"{path}\"/>")?;
        if values.len() <= 31 {
            for (bucket, value) in values.iter().enumerate() {
                let (x, y) = (self.x(bucket), self.y(*value));
                write!(
                    svg,
                    "<circle class=\"dot s{nth}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
                )?;
            }
        }
        Ok(())
    }

    /// What stands in each bucket, for whoever points at it.
    fn told(&self, svg: &mut String, timeline: &Timeline, lines: &[Vec<u64>]) -> Result {
        let width = (self.canvas.width - LEFT - RIGHT) / number(self.buckets.max(1));
        let height = self.canvas.height - TOP - BOTTOM;
        for (bucket, at) in timeline.buckets.iter().enumerate() {
            let x = (self.x(bucket) - width / 2.0).max(LEFT);
            write!(
                svg,
                "<rect class=\"hit\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\">"
            )?;
            write!(svg, "<title>{}", written(timeline.grain, *at))?;
            for (name, values) in timeline.names.iter().zip(lines) {
                let value = grouped(values.get(bucket).copied().unwrap_or(0));
                let gap = if name.is_empty() { "" } else { " " };
                write!(svg, "\n{}{gap}{value}", escaped(name))?;
            }
            svg.push_str("</title></rect>");
        }
        Ok(())
    }
}

/// Bars, one per name. Writing to a string cannot fail.
pub(super) fn bars(canvas: Canvas, bars: &[(&str, u64)], title: &str) -> String {
    let mut svg = String::new();
    let top = bars.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
    let height = BAR * number(bars.len());
    let (width, title) = (canvas.width, escaped(title));
    let _ =
        write!(svg, "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">");
    let room = width - NAMES - 70.0;
    for (nth, (name, value)) in bars.iter().enumerate() {
        let y = BAR * number(nth);
        let (length, text_y) = ((room * share(*value, top)).max(1.0), y + 16.0);
        let (full, short) = (escaped(name), escaped(&clipped(name)));
        let end = NAMES + length + 6.0;
        let _ = write!(
            svg,
            "<text class=\"name\" x=\"{}\" y=\"{text_y}\">{short}<title>{full}</title></text>\
             <rect class=\"bar\" x=\"{NAMES}\" y=\"{}\" width=\"{length:.1}\" height=\"16\" rx=\"2\"/>\
             <text class=\"value\" x=\"{end:.1}\" y=\"{text_y}\">{}</text>",
            NAMES - 8.0,
            y + 4.0,
            short_number(*value),
        );
    }
    svg.push_str("</svg>");
    svg
}

fn clipped(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    let head: String = name.chars().take(NAME_MAX - 1).collect();
    format!("{head}…")
}

fn short_number(value: u64) -> String {
    if value < 100_000 { grouped(value) } else { short(value) }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1234567` as `1.2M`.
pub(super) fn short(value: u64) -> String {
    for (unit, sign) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] {
        if value >= unit {
            let tenths = value / (unit / 10);
            return match tenths % 10 {
                0 => format!("{}{sign}", tenths / 10),
                rest => format!("{}.{rest}{sign}", tenths / 10),
            };
        }
    }
    value.to_string()
}

/// The next number of one round digit: the top of an axis.
fn round_up(value: u64) -> u64 {
    let mut unit = 1_u64;
    while unit.saturating_mul(10) <= value {
        unit = unit.saturating_mul(10);
    }
    let steps = [1, 2, 4, 5, 8, 10].into_iter().map(|step| unit.saturating_mul(step));
    steps.into_iter().find(|top| *top >= value).unwrap_or(value).max(1)
}

fn share(value: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { float(value) / float(of) }
}

fn number(count: usize) -> f64 {
    float(count as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([7, 1_000, 1_250, 3_400_000].map(short), ["7", "1k", "1.2k", "3.4M"]);
        assert_eq!([0, 1, 3, 7, 43, 100, 101].map(round_up), [1, 1, 4, 8, 50, 100, 200]);
    }

    #[test]
    fn names_are_clipped_by_characters_and_escaped() {
        let svg = bars(SMALL, &[("日本日本日本日本日本日本日本日本<&>", 3)], "a \"b\"");
        assert!(svg.contains("<title>日本日本日本日本日本日本日本日本&lt;&amp;&gt;</title>"));
        assert!(svg.contains("aria-label=\"a &quot;b&quot;\"") && !svg.contains("<&>"));
    }
}
