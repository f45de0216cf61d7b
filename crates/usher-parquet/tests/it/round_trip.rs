//! What is written is read, whole and in part.

use std::io::{Seek as _, Write as _};

use proptest::prelude::*;
use usher_parquet::{Column, Field, NULL, NULL_NUMBER, Table, TableWriter, Texts};

const FIELDS: [Field; 5] = [
    Field::timeline("ts"),
    Field::text("name"),
    Field::number("amount"),
    Field::instant("seen"),
    Field::keys("key"),
];

#[derive(Clone, Debug)]
struct Row {
    ts: i64,
    name: Option<&'static str>,
    amount: i64,
    seen: i64,
    key: i64,
}

fn row() -> impl Strategy<Value = Row> {
    let name = prop::option::of(prop::sample::select(vec!["a", "", "ü", "a longer name"]));
    let amount = prop_oneof![0_i64..5, Just(NULL_NUMBER), any::<i64>()];
    let seen = prop_oneof![Just(NULL_NUMBER), 1_700_000_000_000_i64..1_700_000_000_009];
    (any::<i64>(), name, amount, seen, any::<i64>()).prop_map(|(ts, name, amount, seen, key)| Row {
        ts,
        name,
        amount,
        seen,
        key,
    })
}

/// Dictionary and codes of the names.
fn names(rows: &[Row]) -> (Vec<&'static str>, Vec<u32>) {
    let mut dictionary = Vec::new();
    let mut code = |name| {
        dictionary.iter().position(|it| *it == name).unwrap_or_else(|| {
            dictionary.push(name);
            dictionary.len() - 1
        })
    };
    let codes = rows.iter().map(|row| row.name.map_or(NULL, |it| u32::try_from(code(it)).unwrap()));
    let codes = codes.collect();
    (dictionary, codes)
}

fn write(groups: &[Vec<Row>], breaks: &[usize]) -> Table {
    let mut writer = TableWriter::new(Vec::new(), &FIELDS).unwrap();
    for rows in groups {
        let (dictionary, codes) = names(rows);
        let numbers = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<_>>();
        let columns = [
            Column::Numbers(&numbers(|row| row.ts)),
            Column::Texts { dictionary: &dictionary, codes: &codes },
            Column::Numbers(&numbers(|row| row.amount)),
            Column::Numbers(&numbers(|row| row.seen)),
            Column::Numbers(&numbers(|row| row.key)),
        ];
        writer.write(&columns, breaks).unwrap();
    }
    writer.remark("made", "by a test".to_owned());
    open(&writer.finish().unwrap())
}

fn open(bytes: &[u8]) -> Table {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Table::open(file).unwrap()
}

fn spelled(texts: &Texts) -> Vec<Option<String>> {
    let text = |code: &u32| texts.dictionary.get(*code as usize).map(ToString::to_string);
    texts.codes.iter().map(text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_come_back_whole_and_in_part(
        groups in prop::collection::vec(prop::collection::vec(row(), 1..300), 1..3),
        breaks in prop::collection::btree_set(0_usize..300, 0..6),
        (from, to) in (0_usize..300, 0_usize..300),
    ) {
        let table = write(&groups, &breaks.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(table.groups(), groups.len());
        prop_assert_eq!(table.remark("made"), Some("by a test"));
        for (group, rows) in groups.iter().enumerate() {
            prop_assert_eq!(table.rows(group), rows.len());
            let part = from.min(rows.len())..to.clamp(from.min(rows.len()), rows.len());
            for range in [0..rows.len(), part] {
                let rows = &rows[range.clone()];
                let numbers = |column| table.numbers(group, column, range.clone()).unwrap();
                prop_assert_eq!(numbers("ts"), rows.iter().map(|it| it.ts).collect::<Vec<_>>());
                prop_assert_eq!(numbers("key"), rows.iter().map(|it| it.key).collect::<Vec<_>>());
                prop_assert_eq!(numbers("amount"), rows.iter().map(|it| it.amount).collect::<Vec<_>>());
                prop_assert_eq!(numbers("seen"), rows.iter().map(|it| it.seen).collect::<Vec<_>>());
                let texts = table.texts(group, "name", range.clone()).unwrap();
                let expected: Vec<_> = rows.iter().map(|it| it.name.map(str::to_owned)).collect();
                prop_assert_eq!(spelled(&texts), expected);
            }
        }
    }
}

#[test]
fn long_columns_have_pages_and_parts_of_them_can_be_read() {
    let rows = (0..200_000).map(|number| Row {
        ts: 1_700_000_000_000 + number * 3,
        name: (number % 70_000 != 0).then_some("x"),
        amount: number / 1000,
        seen: NULL_NUMBER,
        key: number,
    });
    let table = write(&[rows.collect()], &[10, 150_000]);
    assert_eq!(table.numbers(0, "amount", 149_999..150_001).unwrap(), [149, 150]);
    assert_eq!(table.numbers(0, "key", 65_535..65_538).unwrap(), [65_535, 65_536, 65_537]);
    assert_eq!(table.numbers(0, "seen", 9..12).unwrap(), [NULL_NUMBER; 3]);
    let texts = table.texts(0, "name", 139_999..140_001).unwrap();
    assert_eq!(spelled(&texts), [Some("x".to_owned()), None]);
}

#[test]
fn what_is_not_there_is_an_error() {
    let row = Row { ts: 1, name: None, amount: 1, seen: 1, key: 1 };
    let table = write(&[vec![row]], &[]);
    assert!(table.has("ts") && !table.has("nothing"));
    assert!(table.numbers(0, "nothing", 0..1).is_err());
    assert!(table.numbers(0, "name", 0..1).is_err(), "a text is no number");
    assert!(table.texts(0, "ts", 0..1).is_err(), "a number is no text");
    assert!(table.numbers(1, "ts", 0..1).is_err(), "there is one group");
    assert!(table.numbers(0, "ts", 0..2).is_err(), "there is one row");
    assert!(table.numbers(0, "amount", 0..2).is_err(), "there is one row");
}

#[test]
fn columns_must_fit_the_fields() {
    let mut writer = TableWriter::new(Vec::new(), &FIELDS).unwrap();
    assert!(writer.write(&[Column::Numbers(&[1])], &[]).is_err());
}
