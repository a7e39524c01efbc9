/// Returns a number as `JSON.stringify` spells it (ECMA-262, `Number::toString`); what is no number is `null`.
pub(super) fn javascript(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let decimal = Decimal::of(number);
    match decimal.point {
        -5..=21 => decimal.plain(""),
        _ => decimal.scientific(1),
    }
}

/// Returns a number as `repr` of Python spells it.
pub(super) fn python(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let decimal = Decimal::of(number);
    match decimal.point {
        -3..=16 => decimal.plain(".0"),
        _ => decimal.scientific(2),
    }
}

/// The shortest digits that stand for a number, and where the point is: 0.5 is `5` with the point at 0.
struct Decimal {
    is_negative: bool,
    digits: String,
    point: i32,
}

impl Decimal {
    /// Takes apart a number that is finite and not zero.
    fn of(number: f64) -> Self {
        let text = format!("{:e}", number.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.replace('.', "");
        Self { is_negative: number < 0.0, digits, point: exponent.parse::<i32>().unwrap_or_default() + 1 }
    }

    /// Writes the number without an exponent; a whole one has `fraction` behind it.
    fn plain(&self, fraction: &str) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let Ok(point) = usize::try_from(self.point) else {
            let zeros = "0".repeat(self.point.unsigned_abs() as usize);
            return format!("{sign}0.{zeros}{}", self.digits);
        };
        if point == 0 {
            return format!("{sign}0.{}", self.digits);
        }
        match self.digits.split_at_checked(point) {
            Some((whole, part)) if !part.is_empty() => format!("{sign}{whole}.{part}"),
            _ => format!("{sign}{}{}{fraction}", self.digits, "0".repeat(point - self.digits.len())),
        }
    }

    /// Writes the number with an exponent of at least `width` digits.
    fn scientific(&self, width: usize) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let (first, others) = self.digits.split_at(1);
        let point = if others.is_empty() { "" } else { "." };
        let exponent = self.point - 1;
        let plus = if exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{point}{others}e{plus}{:0width$}", exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What Node.js 20 prints.
    #[test]
    fn javascript_spells_numbers_so() {
        let table = [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (123.456, "123.456"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (1e-7, "1e-7"),
            (-1.25e-9, "-1.25e-9"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ];
        for (number, text) in table {
            assert_eq!(javascript(number), text);
        }
    }

    // What Python 3.11 prints.
    #[test]
    fn python_spells_numbers_so() {
        let table = [
            (2.0, "2.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ];
        for (number, text) in table {
            assert_eq!(python(number), text);
        }
    }
}
