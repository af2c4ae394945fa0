//! Numbers as text by the table of `cldr`.

use fixed_decimal::{Decimal, FloatPrecision, Sign as DecimalSign, SignDisplay};
use icu_decimal::options::GroupingStrategy;
use writeable::Writeable;

use super::{
    CompactDisplay, CurrencyDisplay, CurrencySign, NotationKind, NumberFormat, UnitFormatOptions, js_string_to_fixed_decimal,
    unwrap_number_format,
};
use crate::{
    Context, JsArgs, JsNativeError, JsResult, JsValue,
    builtins::intl::cldr::{self, locales::Part, numbers},
    js_string,
    value::{JsVariant, PreferredType},
};

/// A number that is to be shown.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    NotANumber,
    Infinity { negative: bool },
    Finite(Decimal),
}

impl Number {
    pub(crate) fn from_f64(number: f64) -> JsResult<Self> {
        if number.is_nan() {
            return Ok(Self::NotANumber);
        }
        if number.is_infinite() {
            return Ok(Self::Infinity { negative: number < 0.0 });
        }
        let decimal = Decimal::try_from_f64(number, FloatPrecision::RoundTrip);
        decimal.map(Self::Finite).map_err(|error| JsNativeError::range().with_message(error.to_string()).into())
    }

    /// The mathematical value of what a script asks to be shown.
    pub(crate) fn from_value(value: &JsValue, context: &mut Context) -> JsResult<Self> {
        let primitive = value.to_primitive(context, PreferredType::Number)?;
        match primitive.variant() {
            JsVariant::BigInt(number) => Decimal::try_from_str(&number.to_string())
                .map(Self::Finite)
                .map_err(|error| JsNativeError::range().with_message(error.to_string()).into()),
            JsVariant::String(text) => match js_string_to_fixed_decimal(&text) {
                Some(decimal) => Ok(Self::Finite(decimal)),
                None => Self::from_f64(text.to_number()),
            },
            _ => Self::from_f64(primitive.to_number(context)?),
        }
    }
}

/// Digits after the point that a currency has (ISO 4217).
pub(super) fn currency_digits(code: &str) -> u8 {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND" | "VUV" | "XAF"
        | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// The digits of a number before and after the point.
fn value_of(decimal: &Decimal) -> numbers::Value {
    let text = decimal.absolute.to_string();
    let (integer, fraction) = text.split_once('.').unwrap_or((&text, ""));
    numbers::Value::Finite { integer: integer.to_owned(), fraction: fraction.to_owned() }
}

impl NumberFormat {
    /// The parts of a number.
    pub(crate) fn parts(&self, number: Number) -> Vec<Part> {
        let Some(locale) = self.table else {
            let text = match number {
                Number::NotANumber => "NaN".to_owned(),
                Number::Infinity { negative } => if negative { "-∞" } else { "∞" }.to_owned(),
                Number::Finite(mut decimal) => self.format(&mut decimal).write_to_string().into_owned(),
            };
            return vec![Part { kind: "literal", text }];
        };
        let code;
        let unit;
        let style = match &self.unit_options {
            UnitFormatOptions::Decimal => numbers::Style::Decimal,
            UnitFormatOptions::Percent => numbers::Style::Percent,
            UnitFormatOptions::Currency { currency, display, sign } => {
                code = currency.to_js_string().to_std_string_escaped();
                let display = match display {
                    CurrencyDisplay::Code => numbers::Display::Code,
                    CurrencyDisplay::Symbol => numbers::Display::Symbol,
                    CurrencyDisplay::NarrowSymbol => numbers::Display::Narrow,
                    CurrencyDisplay::Name => numbers::Display::Name,
                };
                numbers::Style::Currency { code: &code, display, accounting: *sign == CurrencySign::Accounting }
            }
            UnitFormatOptions::Unit { unit: id, .. } => {
                unit = id.to_js_string().to_std_string_escaped();
                numbers::Style::Unit(&unit)
            }
        };
        let grouping = match self.use_grouping {
            GroupingStrategy::Never => numbers::Grouping::Never,
            GroupingStrategy::Always => numbers::Grouping::Always,
            GroupingStrategy::Min2 => numbers::Grouping::Min2,
            _ => numbers::Grouping::Auto,
        };
        let mut format = numbers::NumberFormat { style, grouping, exponent: None, compact: None };
        let (negative, zero, value) = match number {
            Number::NotANumber => (false, true, numbers::Value::NotANumber),
            Number::Infinity { negative } => (negative, false, numbers::Value::Infinity),
            Number::Finite(mut decimal) => {
                let negative = decimal.sign == DecimalSign::Negative;
                if style == numbers::Style::Percent {
                    decimal.absolute.multiply_pow10(2);
                }
                let shift = |scale: &Scale, decimal: &Decimal| {
                    let mut shifted = decimal.clone();
                    shifted.absolute.multiply_pow10(-scale.shift);
                    self.digit_options.format_fixed_decimal(&mut shifted);
                    shifted
                };
                let mut scale = self.scale(locale, magnitude(&decimal));
                let mut shown = shift(&scale, &decimal);
                // Rounding may have made it longer: 999,999 is 1M.
                let carried = scale.shift + magnitude(&shown);
                if scale.shift != 0 || self.notation != NotationKind::Standard {
                    let again = self.scale(locale, carried);
                    if !shown.absolute.is_zero() && carried != magnitude(&decimal) {
                        scale = again;
                        shown = shift(&scale, &decimal);
                        let fewest = self.digit_options.rounding_type.fraction_digits().map_or(0, |digits| digits.minimum);
                        shown.absolute.trim_end();
                        shown.absolute.pad_end(-i16::from(fewest));
                    }
                }
                format.exponent = scale.exponent;
                format.compact = scale.compact;
                (negative, shown.absolute.is_zero(), value_of(&shown))
            }
        };
        let sign = match (self.sign_display, negative) {
            (SignDisplay::Never, _) => numbers::Sign::None,
            (SignDisplay::ExceptZero, _) if zero => numbers::Sign::None,
            (SignDisplay::Negative, true) if zero => numbers::Sign::None,
            (_, true) => numbers::Sign::Minus,
            (SignDisplay::Always | SignDisplay::ExceptZero, false) => numbers::Sign::Plus,
            _ => numbers::Sign::None,
        };
        format.format(locale, sign, &value)
    }

    /// How a number whose first digit has this power of ten is scaled.
    fn scale(&self, locale: &cldr::locales::Locale, magnitude: i16) -> Scale {
        let none = Scale { shift: 0, exponent: None, compact: None };
        match self.notation {
            NotationKind::Standard => none,
            NotationKind::Scientific => Scale { shift: magnitude, exponent: Some(magnitude.into()), ..none },
            NotationKind::Engineering => {
                let shift = magnitude.div_euclid(3) * 3;
                Scale { shift, exponent: Some(shift.into()), ..none }
            }
            NotationKind::Compact if magnitude < 3 => none,
            NotationKind::Compact => {
                let power = u32::from(magnitude.unsigned_abs());
                let long = self.compact_display == CompactDisplay::Long;
                let digits = numbers::compact_digits(locale, power.min(15), long) + power.saturating_sub(15);
                let shift = i16::try_from((power + 1).saturating_sub(digits)).unwrap_or(0);
                let compact = (shift > 0).then_some((power, long));
                Scale { shift, exponent: None, compact, ..none }
            }
        }
    }

    /// [`Intl.NumberFormat.prototype.formatToParts ( value )`][spec].
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-intl.numberformat.prototype.formattoparts
    pub(super) fn format_to_parts(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let format = unwrap_number_format(this, context)?;
        let number = Number::from_value(args.get_or_undefined(0), context)?;
        let parts = format.borrow().data().parts(number);
        let parts: Vec<_> = parts.into_iter().map(|part| (part, None)).collect();
        cldr::parts_to_array(&parts, context)
    }

    fn range(
        this: &JsValue,
        args: &[JsValue],
        context: &mut Context,
    ) -> JsResult<Vec<(Part, Option<&'static str>)>> {
        let format = unwrap_number_format(this, context)?;
        let (start, end) = (args.get_or_undefined(0), args.get_or_undefined(1));
        if start.is_undefined() || end.is_undefined() {
            return Err(JsNativeError::typ().with_message("a range has a start and an end").into());
        }
        let start = Number::from_value(start, context)?;
        let end = Number::from_value(end, context)?;
        if matches!(start, Number::NotANumber) || matches!(end, Number::NotANumber) {
            return Err(JsNativeError::range().with_message("Invalid number value").into());
        }
        let format = format.borrow();
        let same = format.data().parts(start.clone()) == format.data().parts(end.clone());
        let mut parts = cldr::range(format.data().parts(start), format.data().parts(end), "–");
        if same {
            parts.insert(0, (Part { kind: "approximatelySign", text: "~".to_owned() }, Some("shared")));
        }
        Ok(parts)
    }

    /// [`Intl.NumberFormat.prototype.formatRange ( start, end )`][spec].
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-intl.numberformat.prototype.formatrange
    pub(super) fn format_range(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let parts = Self::range(this, args, context)?;
        let text: String = parts.iter().map(|(part, _)| part.text.as_str()).collect();
        Ok(js_string!(text).into())
    }

    /// [`Intl.NumberFormat.prototype.formatRangeToParts ( start, end )`][spec].
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-intl.numberformat.prototype.formatrangetoparts
    pub(super) fn format_range_to_parts(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let parts = Self::range(this, args, context)?;
        cldr::parts_to_array(&parts, context)
    }
}

/// The power of ten of the first digit.
fn magnitude(decimal: &Decimal) -> i16 {
    if decimal.absolute.is_zero() { 0 } else { decimal.absolute.nonzero_magnitude_start() }
}

/// By which power of ten a number is divided before it is shown, and what is said of that.
#[derive(Debug, Clone, Copy)]
struct Scale {
    shift: i16,
    exponent: Option<i32>,
    compact: Option<(u32, bool)>,
}
