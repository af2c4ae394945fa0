//! Dates as text by the table of `cldr`.

use icu_datetime::{
    DateTimeFormatter,
    fieldsets::{builder::FieldSetBuilder, enums::CompositeFieldSet},
    input::UtcOffset,
};
use icu_locale::Locale;
use icu_time::ZonedDateTime;

use super::{DateTimeFormat, FormatTimeZone, ToLocalTime, options::TimeZoneName, unwrap_date_time_format};
use crate::{
    Context, JsArgs, JsNativeError, JsResult, JsString, JsValue,
    builtins::{
        date::utils::time_clip,
        intl::cldr::{
            self,
            dates::{Cycle, Fields, Moment},
            locales::{Locale as Table, Part},
        },
    },
    js_string,
    object::ObjectInitializer,
    property::Attribute,
};

/// What is shown, for a language of the table.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(super) table: &'static Table,
    pub(super) fields: Fields,
    pub(super) cycle: Cycle,
    zone_style: Option<TimeZoneName>,
    zone: Option<DateTimeFormatter<CompositeFieldSet>>,
}

impl Shown {
    pub(super) fn new(
        table: &'static Table,
        locale: &Locale,
        fields: Fields,
        zone_style: Option<TimeZoneName>,
        asked: (Option<bool>, Option<Cycle>),
        context: &Context,
    ) -> Self {
        let cycles: Vec<_> = table.get("H").unwrap_or("h23,h11,h23").split(',').filter_map(Cycle::of).collect();
        let cycle = match asked {
            (Some(true), _) => cycles.get(1).copied(),
            (Some(false), _) => cycles.get(2).copied(),
            (None, Some(cycle)) => Some(cycle),
            (None, None) => cycles.first().copied(),
        };
        let zone_style = match fields.time_style {
            Some('f') => Some(TimeZoneName::Long),
            Some('l') => Some(TimeZoneName::Short),
            _ => zone_style,
        };
        let zone = zone_style.and_then(|style| {
            let mut builder = FieldSetBuilder::default();
            builder.zone_style = Some(style.to_zone_style());
            let provider = context.intl_provider().erased_provider();
            DateTimeFormatter::try_new_with_buffer_provider(provider, locale.clone().into(), builder.build_composite().ok()?).ok()
        });
        Self { table, fields, cycle: cycle.unwrap_or(Cycle::H23), zone_style, zone }
    }
}

/// The zone that `Date` shows local time in.
pub(super) fn default_time_zone(context: &Context) -> JsString {
    let now = context.clock().system_time_millis().div_euclid(1000);
    let seconds = context.host_hooks().local_timezone_offset_seconds(now);
    if seconds == 0 {
        return js_string!("UTC");
    }
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    js_string!(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

impl DateTimeFormat {
    /// The name of the zone as `resolvedOptions` tells it.
    pub(super) fn zone_identifier(&self, context: &Context) -> String {
        match &self.time_zone {
            FormatTimeZone::UtcOffset(offset) => {
                let seconds = offset.to_seconds();
                let sign = if seconds < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() % 3600 / 60)
            }
            FormatTimeZone::Identifier((_, id)) => match context.timezone_provider().identifier(*id).as_deref() {
                Ok("UTC" | "Etc/UTC" | "Etc/GMT" | "GMT" | "Etc/UCT" | "Etc/Zulu" | "UCT" | "Zulu") | Err(_) => "UTC".to_owned(),
                Ok(name) => name.to_owned(),
            },
        }
    }

    fn offset_seconds(&self, epoch_milliseconds: f64, context: &Context) -> JsResult<i32> {
        match &self.time_zone {
            FormatTimeZone::UtcOffset(offset) => Ok(offset.to_seconds()),
            FormatTimeZone::Identifier((_, id)) => {
                let nanoseconds = epoch_milliseconds as i128 * 1_000_000;
                let offset = context.timezone_provider().transition_nanoseconds_for_utc_epoch_nanoseconds(*id, nanoseconds);
                let offset = offset.map_err(|_| JsNativeError::range().with_message("the time zone has no such time"))?;
                Ok(i32::try_from(offset.0).unwrap_or(0))
            }
        }
    }

    /// The parts of a time, for a language of the table.
    pub(super) fn parts(&self, timestamp: f64, context: &Context) -> JsResult<Option<Vec<Part>>> {
        let Some(shown) = &self.shown else { return Ok(None) };
        let x = time_clip(timestamp);
        if x.is_nan() {
            return Err(JsNativeError::range().with_message("Invalid time value").into());
        }
        let offset = self.offset_seconds(x, context)?;
        let local = x + f64::from(offset) * 1000.0;
        let time = ToLocalTime::from_local_epoch_milliseconds(local)?;
        let days = (local / 86_400_000.0).floor() as i64;
        let zone_name = if shown.fields.names_zone() || shown.zone_style.is_some() { self.zone_name(shown, &time, offset)? } else { String::new() };
        let moment = Moment {
            year: time.year,
            month: time.month - 1,
            day: time.day,
            weekday: u8::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
            hour: time.hour,
            minute: time.minute,
            second: time.second,
            millisecond: u16::try_from(time.subsecond / 1_000_000).unwrap_or(0),
            zone_name,
        };
        Ok(shown.fields.format(shown.table, shown.cycle, &moment))
    }

    fn zone_name(&self, shown: &Shown, time: &ToLocalTime, offset: i32) -> JsResult<String> {
        let is_utc = matches!(&self.time_zone, FormatTimeZone::Identifier((zone, _)) if zone.to_string() == "utc");
        if is_utc && matches!(shown.zone_style, Some(TimeZoneName::Short | TimeZoneName::ShortGeneric)) {
            return Ok("UTC".to_owned());
        }
        let Some(zone) = &shown.zone else { return Ok(String::new()) };
        let moment = time.to_formattable_datetime()?;
        let offset = UtcOffset::try_from_seconds(offset).ok();
        let info = match &self.time_zone {
            FormatTimeZone::UtcOffset(_) => icu_datetime::input::TimeZone::UNKNOWN.with_offset(offset),
            FormatTimeZone::Identifier((zone, _)) => zone.with_offset(offset),
        };
        let zoned = ZonedDateTime { date: moment.date, time: moment.time, zone: info.at_date_time(moment) };
        Ok(zone.format(&zoned).to_string())
    }

    fn parts_of_value(&self, value: &JsValue, context: &mut Context) -> JsResult<Vec<Part>> {
        let x = if value.is_undefined() { context.clock().system_time_millis() as f64 } else { value.to_number(context)? };
        match self.parts(x, context)? {
            Some(parts) => Ok(parts),
            None => {
                let text = super::format_timestamp_with_dtf(self, x, context)?.to_string(context)?;
                Ok(vec![Part { kind: "literal", text: text.to_std_string_lossy() }])
            }
        }
    }

    /// [`Intl.DateTimeFormat.prototype.formatToParts ( date )`][spec].
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-Intl.DateTimeFormat.prototype.formatToParts
    pub(super) fn format_to_parts(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let format = unwrap_date_time_format(this, context)?;
        let parts = format.borrow().data().clone().parts_of_value(args.get_or_undefined(0), context)?;
        let parts: Vec<_> = parts.into_iter().map(|part| (part, None)).collect();
        cldr::parts_to_array(&parts, context)
    }

    fn range(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<Vec<(Part, Option<&'static str>)>> {
        let format = unwrap_date_time_format(this, context)?;
        let (start, end) = (args.get_or_undefined(0), args.get_or_undefined(1));
        if start.is_undefined() || end.is_undefined() {
            return Err(JsNativeError::typ().with_message("startDate or endDate cannot be undefined").into());
        }
        let format = format.borrow().data().clone();
        let start = format.parts_of_value(start, context)?;
        let end = format.parts_of_value(end, context)?;
        Ok(cldr::range(start, end, "\u{2009}–\u{2009}"))
    }

    /// [`Intl.DateTimeFormat.prototype.formatRange ( startDate, endDate )`][spec]. Both dates are shown whole.
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-intl.datetimeformat.prototype.formatRange
    pub(super) fn format_range(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let parts = Self::range(this, args, context)?;
        let text: String = parts.iter().map(|(part, _)| part.text.as_str()).collect();
        Ok(js_string!(text).into())
    }

    /// [`Intl.DateTimeFormat.prototype.formatRangeToParts ( startDate, endDate )`][spec].
    ///
    /// [spec]: https://tc39.es/ecma402/#sec-Intl.DateTimeFormat.prototype.formatRangeToParts
    pub(super) fn format_range_to_parts(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
        let parts = Self::range(this, args, context)?;
        cldr::parts_to_array(&parts, context)
    }
}

impl Shown {
    /// Adds what `resolvedOptions` tells of hours.
    pub(super) fn describe_cycle(&self, options: &mut ObjectInitializer<'_>) {
        if self.fields.has_hour() {
            options.property(js_string!("hourCycle"), js_string!(self.cycle.name()), Attribute::all());
            options.property(js_string!("hour12"), self.cycle.has_halves(), Attribute::all());
        }
    }

    /// Adds what `resolvedOptions` tells of the other fields.
    pub(super) fn describe_fields(&self, options: &mut ObjectInitializer<'_>) {
        let fields = &self.fields;
        if fields.date_style.or(fields.time_style).is_some() {
            return;
        }
        let widths = [
            ("weekday", fields.weekday),
            ("era", fields.era),
            ("year", fields.year),
            ("month", fields.month),
            ("day", fields.day),
            ("hour", fields.hour),
            ("minute", fields.minute.map(|_| '2')),
            ("second", fields.second.map(|_| '2')),
        ];
        for (name, width) in widths {
            let width = match width {
                Some('n') => "numeric",
                Some('2') => "2-digit",
                Some('s') => "short",
                Some('l') => "long",
                Some(_) => "narrow",
                None => continue,
            };
            options.property(js_string!(name), js_string!(width), Attribute::all());
        }
        if let Some(style) = self.zone_style {
            let style = match style {
                TimeZoneName::Short => "short",
                TimeZoneName::Long => "long",
                TimeZoneName::ShortOffset => "shortOffset",
                TimeZoneName::LongOffset => "longOffset",
                TimeZoneName::ShortGeneric => "shortGeneric",
                TimeZoneName::LongGeneric => "longGeneric",
            };
            options.property(js_string!("timeZoneName"), js_string!(style), Attribute::all());
        }
    }
}
