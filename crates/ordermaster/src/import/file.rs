//! A file of invoices, read line by line into a plan. The only place that knows CSV.

use std::io::Read;

use csv::{ByteRecord, StringRecord};

use super::ImportError;
use super::line::{self, COLUMNS, Fields, Line};
use super::plan::{Plan, Planner};
use super::refusal::Refusal;

/// Reads all lines, and plans what they come to.
///
/// # Errors
/// When the file cannot be read, or its first line does not name every column.
pub fn plan(reader: impl Read) -> Result<Plan, ImportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header = reader.byte_headers()?.clone();
    let places = places(&header)?;
    let mut planner = Planner::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let number = record.position().map_or(0, csv::Position::line);
        planner.take(number, read(&header, &places, &record));
    }
    Ok(planner.finish())
}

fn places(header: &ByteRecord) -> Result<[usize; COLUMNS.len()], ImportError> {
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
    } else {
        Err(ImportError::MissingColumns { missing: missing.join(", ") })
    }
}

fn read(header: &ByteRecord, places: &[usize; COLUMNS.len()], record: &ByteRecord) -> Result<Line, Refusal> {
    if record.len() != header.len() {
        return Err(Refusal::Columns);
    }
    let record = StringRecord::from_byte_record(record.clone()).map_err(|_| Refusal::Text)?;
    let fields: Fields<'_> = places.map(|place| record.get(place).unwrap_or_default());
    line::read(&fields)
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::import::{ImportError, Refusal};

    const HEADER: &str =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

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
    fn an_empty_file_misses_every_column() {
        assert!(matches!(plan("".as_bytes()), Err(ImportError::MissingColumns { .. })));
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
    fn broken_rows_are_refused_and_the_next_ones_read() {
        let mut bytes = HEADER.as_bytes().to_vec();
        bytes.extend_from_slice(b"536370,22728,CLOCK\n");
        bytes.extend_from_slice(b"536370,22728,CAF\xc9,1,2010-12-01 08:45:00,3.75,12583,France\n");
        bytes.extend_from_slice(b"536370,22728,\"CLOCK,\nRED\",1,2010-12-01 08:45:00,3.75,12583,France\n");
        bytes.extend_from_slice(b"536370,22728,CLOCK,0,2010-12-01 08:45:00,3.75,12583,France\n");
        let plan = plan(bytes.as_slice()).unwrap();
        let told: Vec<_> = plan.refusals.iter().map(|refused| (refused.reason, refused.example)).collect();
        assert_eq!(
            told,
            [
                (Refusal::Columns, 2),
                (Refusal::Text, 3),
                (Refusal::Description, 4), // it holds a line end
                (Refusal::QuantityZero, 6),
            ]
        );
    }
}
