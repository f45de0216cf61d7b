//! Damaged files are an error or other cells, never a panic and never endless memory.

use std::io::{Seek as _, Write as _};

use usher_parquet::{Column, Field, Table, TableWriter};

fn written() -> Vec<u8> {
    let fields = [Field::timeline("ts"), Field::text("name"), Field::number("amount")];
    let mut writer = TableWriter::new(Vec::new(), &fields).unwrap();
    let numbers: Vec<_> = (0..500).map(|number| number * 7).collect();
    let codes: Vec<_> = (0..500).map(|number| number % 3).collect();
    let columns = [
        Column::Numbers(&numbers),
        Column::Texts { dictionary: &["a", "b", "c"], codes: &codes },
        Column::Numbers(&numbers),
    ];
    writer.write(&columns, &[100]).unwrap();
    writer.finish().unwrap()
}

/// Reads whatever can be read.
fn read_all(bytes: &[u8]) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let Ok(table) = Table::open(file) else { return };
    for group in 0..table.groups().min(3) {
        let rows = table.rows(group).min(1000);
        for column in ["ts", "amount"] {
            drop(table.numbers(group, column, 0..rows));
        }
        drop(table.texts(group, "name", 0..rows));
    }
}

#[test]
fn any_flipped_byte_is_survived() {
    let good = written();
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            read_all(&bytes);
        }
    }
}

#[test]
fn any_torn_file_is_no_table() {
    let good = written();
    for end in 0..good.len() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&good[..end]).unwrap();
        file.rewind().unwrap();
        assert!(Table::open(file).is_err(), "torn at {end}");
    }
}
