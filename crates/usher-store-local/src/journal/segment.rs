//! One file of records, and what is read back from it. The format is described in the parent module.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// The first bytes of a segment: format and version.
pub(super) const MAGIC: [u8; 8] = *b"usherj1\n";

/// Length and checksum in front of a payload.
const HEADER_BYTES: u64 = 8;

/// Longest payload, so that a damaged length cannot ask for more memory than an import may take.
const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// A segment that can grow.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    pub(super) bytes: u64,
}

impl Segment {
    /// The file of segment `number`.
    pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
        directory.join(format!("{number:020}.log"))
    }

    /// The numbers of all segments in `directory`, ascending.
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

    /// Opens `path` to append after its first `bytes` bytes, cutting off what follows. Durable when it
    /// returns, the directory entry included.
    pub(super) fn open(path: &Path, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(bytes)?;
        let mut segment = Self { file, bytes };
        if bytes == 0 {
            segment.file.write_all(&MAGIC)?;
            segment.bytes = MAGIC.len() as u64;
        }
        segment.file.sync_all()?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(segment)
    }

    /// Appends one record. It is durable when this returns.
    pub(super) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|_| payload.len() <= PAYLOAD_BYTES_MAX)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?
            .to_le_bytes();
        let mut header = [0; 8];
        for (to, from) in header.iter_mut().zip(length.into_iter().chain(checksum(length, payload)))
        {
            *to = from;
        }
        self.file.write_all(&header)?;
        self.file.write_all(payload)?;
        self.file.sync_data()?;
        self.bytes += HEADER_BYTES + payload.len() as u64;
        Ok(())
    }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(payload);
    crc.finalize().to_le_bytes()
}

/// Reads records from the start of a segment until they end or make no sense.
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

    /// The next payload; nothing at the end of what makes sense.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let rest = self.size.saturating_sub(self.good);
        if self.good == 0 || rest < HEADER_BYTES {
            return Ok(None);
        }
        let (Some(length), Some(crc)) = (self.bytes::<4>()?, self.bytes::<4>()?) else {
            return Ok(None);
        };
        let payload_bytes = u64::from(u32::from_le_bytes(length));
        if payload_bytes > rest - HEADER_BYTES || payload_bytes > PAYLOAD_BYTES_MAX as u64 {
            return Ok(None);
        }
        let mut payload = Vec::new();
        self.file.by_ref().take(payload_bytes).read_to_end(&mut payload)?;
        if checksum(length, &payload) != crc {
            return Ok(None);
        }
        self.good += HEADER_BYTES + payload_bytes;
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
