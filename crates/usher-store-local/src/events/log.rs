//! The log: what has not been written into a file of events yet, durable record by record.
//!
//! **Format.** `<directory>/<number, 20 digits>.log` begins with [`MAGIC`]; then records follow: length of
//! the payload (u32, little endian), CRC-32 of length and payload (u32, little endian), payload. A torn
//! record can only be the last one of the last log and is cut off at start-up; anywhere else it is
//! corruption, which stops the start. What a payload holds is in `codec.rs`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first bytes of a log: format and version.
pub(super) const MAGIC: [u8; 8] = *b"usherj2\n";

/// Length and checksum in front of a payload.
pub(super) const HEADER_BYTES: usize = 8;

/// Longest payload, so that a damaged length cannot ask for more memory than an import may take.
const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// A log that can grow. A clone is the same log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    file: Arc<File>,
}

impl Log {
    /// The file of log `number`.
    pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
        directory.join(format!("{number:020}.log"))
    }

    /// The numbers of all logs in `directory`, ascending.
    pub(super) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".log"));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Begins a log. Durable when it returns, the directory entry included.
    pub(super) fn create(directory: &Path, number: u64) -> io::Result<Self> {
        let mut file = File::create_new(Self::path(directory, number))?;
        file.write_all(&MAGIC)?;
        file.sync_all()?;
        super::kept::sync(directory)?;
        Ok(Self { file: Arc::new(file) })
    }

    /// Appends one record: [`HEADER_BYTES`], which are filled in here, and its payload. From now on it
    /// survives the process, and the machine from the next [`Log::sync`] on.
    pub(super) fn append(&self, record: &mut [u8]) -> io::Result<()> {
        let too_large = || io::Error::from(io::ErrorKind::FileTooLarge);
        let (header, payload) =
            record.split_first_chunk_mut::<HEADER_BYTES>().ok_or_else(too_large)?;
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|_| payload.len() <= PAYLOAD_BYTES_MAX)
            .ok_or_else(too_large)?
            .to_le_bytes();
        let filled = [length, checksum(length, payload)];
        header.copy_from_slice(filled.as_flattened());
        (&*self.file).write_all(record)
    }

    /// Makes durable what was appended before.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Cuts what follows the first `bytes` bytes off the log at `path`.
    pub(super) fn cut(path: &Path, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(bytes)?;
        file.sync_all()
    }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(payload);
    crc.finalize().to_le_bytes()
}

/// Reads records from the start of a log until they end or make no sense.
pub(super) struct Records {
    file: BufReader<File>,
    /// Bytes that made sense so far.
    pub(super) good: u64,
    /// Bytes of the file.
    pub(super) size: u64,
}

impl Records {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut records = Self { file: BufReader::new(file), good: 0, size };
        if records.bytes::<8>()? == Some(MAGIC) {
            records.good = MAGIC.len() as u64;
        }
        Ok(records)
    }

    /// Whether the file is of another format: its first bytes are durable before anything follows them.
    pub(super) const fn is_foreign(&self) -> bool {
        self.good == 0 && self.size > MAGIC.len() as u64
    }

    /// The next payload; nothing at the end of what makes sense.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let rest = self.size.saturating_sub(self.good);
        if self.good == 0 || rest < HEADER_BYTES as u64 {
            return Ok(None);
        }
        let (Some(length), Some(crc)) = (self.bytes::<4>()?, self.bytes::<4>()?) else {
            return Ok(None);
        };
        let payload_bytes = u64::from(u32::from_le_bytes(length));
        if payload_bytes > rest - HEADER_BYTES as u64 || payload_bytes > PAYLOAD_BYTES_MAX as u64 {
            return Ok(None);
        }
        let mut payload = Vec::new();
        self.file.by_ref().take(payload_bytes).read_to_end(&mut payload)?;
        if checksum(length, &payload) != crc {
            return Ok(None);
        }
        self.good += HEADER_BYTES as u64 + payload_bytes;
        Ok(Some(payload))
    }

    /// The next `N` bytes, if there are as many.
    fn bytes<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}
