//! A file of invoices, read line by line into a plan. The only place that knows CSV.
//!
//! An invoice's line is a line of the file: a field in quotation marks may hold commas and doubled quotation marks, but
//! no line end. So a quotation mark that is never closed spoils its own line, and not those up to the next one.

use std::io::{BufRead, BufReader, Read};

use super::ImportError;
use super::line::{self, COLUMNS, Fields, Line};
use super::plan::{Plan, Planner};
use super::refusal::Refusal;

/// The longest line in bytes; what is longer is no line of an invoice, and is not kept in memory.
const LINE_MAX: usize = 64 * 1024;

type Field = Vec<u8>;

/// Reads all lines, and plans what they come to.
///
/// # Errors
/// When the file cannot be read, or its first line does not name every column.
pub fn plan(reader: impl Read) -> Result<Plan, ImportError> {
    let mut lines = Lines { reader: BufReader::new(reader), number: 0, text: Vec::new() };
    let header = match lines.next()? {
        Some((_, header)) => header.and_then(split).unwrap_or_default(),
        None => return Err(ImportError::Empty),
    };
    let places = places(&header)?;
    let mut planner = Planner::default();
    while let Some((number, text)) = lines.next()? {
        // A blank line is none.
        if text != Ok(&[]) {
            planner.take(number, text.and_then(|text| read(header.len(), &places, text)));
        }
    }
    Ok(planner.finish())
}

struct Lines<R> {
    reader: BufReader<R>,
    number: u64,
    text: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// The next line's number, from 1, and its bytes without the line end, unless there are too many.
    #[allow(clippy::type_complexity, reason = "a name would say less")]
    fn next(&mut self) -> std::io::Result<Option<(u64, Result<&[u8], Refusal>)>> {
        self.text.clear();
        let most = (LINE_MAX + 2) as u64;
        if self.reader.by_ref().take(most).read_until(b'\n', &mut self.text)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.text.last() != Some(&b'\n') && self.text.len() as u64 == most {
            self.reader.skip_until(b'\n')?;
            return Ok(Some((self.number, Err(Refusal::Length))));
        }
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        Ok(Some((self.number, Ok(text.strip_suffix(b"\r").unwrap_or(text)))))
    }
}

/// The fields of a line.
fn split(text: &[u8]) -> Result<Vec<Field>, Refusal> {
    let mut fields = Vec::with_capacity(COLUMNS.len());
    let mut rest = text;
    loop {
        let field = match rest.strip_prefix(b"\"") {
            None => {
                let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                let field = rest[..end].to_vec();
                rest = &rest[end..];
                field
            }
            Some(quoted) => {
                let (field, after) = unquote(quoted)?;
                rest = after;
                field
            }
        };
        fields.push(field);
        match rest {
            [] => return Ok(fields),
            [b',', after @ ..] => rest = after,
            // Something stands between the closing quotation mark and the comma.
            _ => return Err(Refusal::Quotation),
        }
    }
}

/// A field up to its closing quotation mark, and what stands after that.
fn unquote(mut rest: &[u8]) -> Result<(Field, &[u8]), Refusal> {
    let mut field = Field::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'"').ok_or(Refusal::Quotation)?;
        field.extend_from_slice(&rest[..end]);
        match &rest[end + 1..] {
            [b'"', after @ ..] => {
                field.push(b'"');
                rest = after;
            }
            after => return Ok((field, after)),
        }
    }
}

fn places(header: &[Field]) -> Result<[usize; COLUMNS.len()], ImportError> {
    let mut names: Vec<_> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    // Spreadsheets like to begin a file with a byte order mark.
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    let place = |column: &str| names.iter().position(|name| name == column);
    let missing: Vec<_> = COLUMNS.into_iter().filter(|column| place(column).is_none()).collect();
    if missing.is_empty() {
        Ok(COLUMNS.map(|column| place(column).unwrap_or_default()))
    } else if missing.len() == COLUMNS.len() {
        Err(ImportError::NoInvoices)
    } else {
        Err(ImportError::MissingColumns { missing: missing.join(", ") })
    }
}

fn read(columns: usize, places: &[usize; COLUMNS.len()], text: &[u8]) -> Result<Line, Refusal> {
    let record = split(text)?;
    if record.len() != columns {
        return Err(Refusal::Columns);
    }
    let mut fields: Fields<'_> = [""; COLUMNS.len()];
    for (field, place) in fields.iter_mut().zip(places) {
        *field = std::str::from_utf8(&record[*place]).map_err(|_| Refusal::Text)?;
    }
    line::read(&fields)
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, plan};
    use crate::import::{ImportError, Refusal};

    const HEADER: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    const REST: &str = "1,2010-12-01 08:45:00,3.75,12583,France";

    fn told(text: impl AsRef<[u8]>) -> Vec<(Refusal, u64, u64)> {
        let plan = plan(text.as_ref()).unwrap();
        assert_eq!(plan.accepted() + plan.refusals.total(), plan.lines);
        plan.refusals.iter().map(|refused| (refused.reason, refused.lines, refused.example)).collect()
    }

    #[test]
    fn a_file_without_the_columns_is_named_as_such() {
        let error = plan("InvoiceNo,Quantity\n1,2\n".as_bytes()).unwrap_err();
        assert!(matches!(error, ImportError::MissingColumns { .. }));
        let text = error.to_string();
        assert!(
            text.contains("StockCode, Description, InvoiceDate, UnitPrice, CustomerID, Country"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_csv_file_of_invoices_is_told_apart_from_an_empty_one() {
        assert!(matches!(plan("".as_bytes()), Err(ImportError::Empty)));
        for text in ["\n", "{\"invoices\": []}", "\"InvoiceNo\n", "\u{0}\u{1}ELF\u{7f}"] {
            assert!(matches!(plan(text.as_bytes()), Err(ImportError::NoInvoices)), "{text:?}");
        }
        let endless = std::io::Read::take(std::io::repeat(7), 1 << 24);
        assert!(matches!(plan(endless), Err(ImportError::NoInvoices)));
    }

    #[test]
    fn columns_may_stand_in_any_order_and_beside_others() {
        let text = "\u{feff}Country,CustomerID,Note,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo\n\
                    France,12583,x,3.75,2010-12-01 08:45:00,24,CLOCK,22728,536370\n";
        let plan = plan(text.as_bytes()).unwrap();
        assert_eq!((plan.lines, plan.refusals.total()), (1, 0));
        assert_eq!(plan.orders[0].total.to_string(), "90.00 GBP");
    }

    #[test]
    fn a_field_in_quotation_marks_may_hold_commas_and_quotation_marks() {
        let text = format!("{HEADER}\"1\",22728,\"CUP, \"\"GIFT\"\"\",{REST}\n1,22728,5\" TALL,{REST}");
        let plan = plan(text.as_bytes()).unwrap();
        let descriptions: Vec<_> =
            plan.orders[0].new.items.iter().map(|item| item.description.as_str()).collect();
        assert_eq!((descriptions, plan.refusals.total()), (vec!["CUP, \"GIFT\"", "5\" TALL"], 0));
    }

    #[test]
    fn broken_rows_are_refused_and_the_next_ones_read() {
        let mut bytes = HEADER.as_bytes().to_vec();
        bytes.extend_from_slice(b"536370,22728,CLOCK\n");
        bytes.extend_from_slice(b"536370,22728,CAF\xc9,1,2010-12-01 08:45:00,3.75,12583,France\n");
        bytes.extend_from_slice(format!("536370,22728,{},{REST}\n", "x".repeat(LINE_MAX)).as_bytes());
        bytes.extend_from_slice(b"536370,22728,CLOCK,0,2010-12-01 08:45:00,3.75,12583,France\n");
        assert_eq!(
            told(bytes),
            [
                (Refusal::Length, 1, 4),
                (Refusal::Columns, 1, 2),
                (Refusal::Text, 1, 3),
                (Refusal::QuantityZero, 1, 5),
            ]
        );
    }

    #[test]
    fn a_stray_quotation_mark_spoils_its_own_line_alone() {
        let good = format!("1,22728,CLOCK,{REST}\n");
        let stray = format!("1,22728,\"CLOCK,{REST}\n");
        let after = format!("1,22728,\"CLOCK\" RED,{REST}\n");
        let text = format!("{HEADER}{good}{stray}{good}{after}{good}{stray}");
        assert_eq!(told(&text), [(Refusal::Quotation, 3, 3)]);
        assert_eq!(plan(text.as_bytes()).unwrap().orders[0].lines, [2, 4, 6]);
    }

    #[test]
    fn lines_are_numbered_as_an_editor_numbers_them_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let text = format!("{HEADER}1,2,CLOCK,{REST}\n\n1,2,CLOCK,0{}\n", &REST[1..]);
            assert_eq!(told(text.replace('\n', end)), [(Refusal::QuantityZero, 1, 4)], "{end:?}");
        }
    }
}
