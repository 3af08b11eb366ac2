//! Columns of a parquet file as plain vectors, with an error for whatever is not as expected.

use super::DatasetError;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Rows decoded at a time.
const BATCH: usize = 8192;

/// A parquet file of which some columns are read.
pub(super) struct Table {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    /// Rows in the file.
    pub(super) rows: usize,
}

impl Table {
    /// Opens `path` for reading the top-level `columns`, each with a word on what it holds.
    pub(super) fn open(path: &Path, columns: &[(&str, &str)]) -> Result<Self, DatasetError> {
        let (builder, rows) = builder(path)?;
        let mut roots = Vec::with_capacity(columns.len());
        for &(column, meaning) in columns {
            match builder.schema().index_of(column) {
                Ok(root) => roots.push(root),
                Err(_) => return Err(missing(path, column, meaning)),
            }
        }
        Self::project(path, builder, rows, roots)
    }

    /// Opens `path` for reading `column` and the first column of text, whose name is returned.
    pub(super) fn open_with_text(
        path: &Path,
        (column, meaning): (&str, &str),
        text_meaning: &str,
    ) -> Result<(Self, String), DatasetError> {
        let (builder, rows) = builder(path)?;
        let schema = builder.schema().clone();
        let root = schema
            .index_of(column)
            .map_err(|_| missing(path, column, meaning))?;
        let text = schema
            .fields()
            .iter()
            .position(|field| matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8))
            .ok_or_else(|| missing(path, "task", text_meaning))?;
        let table = Self::project(path, builder, rows, vec![root, text])?;
        Ok((table, schema.field(text).name().clone()))
    }

    fn project(
        path: &Path,
        builder: ParquetRecordBatchReaderBuilder<File>,
        rows: usize,
        roots: Vec<usize>,
    ) -> Result<Self, DatasetError> {
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = builder
            .with_projection(mask)
            .with_batch_size(BATCH)
            .build()
            .map_err(DatasetError::parquet(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            reader,
            rows,
        })
    }

    /// The next rows, or nothing at the end.
    pub(super) fn next_rows(&mut self) -> Result<Option<Rows<'_>>, DatasetError> {
        let Some(batch) = self.reader.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(DatasetError::parquet(&self.path))?;
        Ok(Some(Rows {
            path: &self.path,
            batch,
        }))
    }
}

/// Some consecutive rows of a [`Table`].
pub(super) struct Rows<'a> {
    path: &'a Path,
    batch: RecordBatch,
}

impl Rows<'_> {
    /// Appends a column of vectors, row-major; a vector of one component may be a plain number.
    pub(super) fn vectors(
        &self,
        column: &str,
        dimension: usize,
        out: &mut Vec<f32>,
    ) -> Result<(), DatasetError> {
        let wrong = |found: String| self.wrong(column, found, &format!("float32[{dimension}]"));
        let array = self.column(column)?;
        let (values, range) = match array.data_type() {
            DataType::Float32 => (array, 0..array.len()),
            DataType::FixedSizeList(_, size) => {
                let list = array.as_fixed_size_list();
                if *size != dimension as i32 {
                    return Err(wrong(format!("{size} components wide")));
                }
                let start = list.value_offset_at(0);
                (list.values(), start..start + list.len() * dimension)
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let offsets = list.value_offsets();
                even(offsets.iter().map(|&offset| offset as usize), dimension)
                    .map(|range| (list.values(), range))
                    .map_err(|width| wrong(format!("{width} components wide in some row")))?
            }
            other => return Err(wrong(other.to_string())),
        };
        let Some(numbers) = values.as_primitive_opt::<Float32Type>() else {
            return Err(wrong(array.data_type().to_string()));
        };
        if array.null_count() + numbers.null_count() > 0 {
            return Err(wrong("null in some row".to_owned()));
        }
        if range.len() != array.len() * dimension {
            return Err(wrong("one number wide".to_owned()));
        }
        out.extend_from_slice(&numbers.values()[range]);
        Ok(())
    }

    /// Appends a column of integers.
    pub(super) fn integers(&self, column: &str, out: &mut Vec<i64>) -> Result<(), DatasetError> {
        let array = self.column(column)?;
        match array.as_primitive_opt::<Int64Type>() {
            Some(numbers) if numbers.null_count() == 0 => out.extend_from_slice(numbers.values()),
            Some(_) => return Err(self.wrong(column, "null in some row".to_owned(), "int64")),
            None => return Err(self.wrong(column, array.data_type().to_string(), "int64")),
        }
        Ok(())
    }

    /// Appends a column of images, each as the bytes of its file: LeRobot keeps a struct of `bytes` and `path`.
    pub(super) fn images(&self, column: &str, out: &mut Vec<Vec<u8>>) -> Result<(), DatasetError> {
        let expected = "a struct with the bytes of an image file in every row";
        let array = self.column(column)?;
        let bytes = array
            .as_struct_opt()
            .and_then(|s| s.column_by_name("bytes"));
        let Some(bytes) = bytes.and_then(|b| b.as_binary_opt::<i32>()) else {
            return Err(self.wrong(column, array.data_type().to_string(), expected));
        };
        if bytes.null_count() > 0 {
            return Err(self.wrong(column, "null in some row".to_owned(), expected));
        }
        out.extend(bytes.iter().flatten().map(<[u8]>::to_vec));
        Ok(())
    }

    /// Appends a column of texts; null becomes an empty one.
    pub(super) fn texts(&self, column: &str, out: &mut Vec<String>) -> Result<(), DatasetError> {
        let array = self.column(column)?;
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        if let Some(texts) = array.as_string_opt::<i32>() {
            out.extend(texts.iter().map(owned));
        } else if let Some(texts) = array.as_string_opt::<i64>() {
            out.extend(texts.iter().map(owned));
        } else {
            return Err(self.wrong(column, array.data_type().to_string(), "text"));
        }
        Ok(())
    }

    fn column(&self, column: &str) -> Result<&arrow_array::ArrayRef, DatasetError> {
        self.batch
            .column_by_name(column)
            .ok_or_else(|| missing(self.path, column, "a column"))
    }

    fn wrong(&self, column: &str, found: String, expected: &str) -> DatasetError {
        DatasetError::Column {
            path: self.path.to_path_buf(),
            column: column.to_owned(),
            found,
            expected: expected.to_owned(),
        }
    }
}

/// The values between the first and the last offset when every list has `dimension` of them, else
/// the first other length.
fn even(mut offsets: impl Iterator<Item = usize>, dimension: usize) -> Result<Range<usize>, usize> {
    let start = offsets.next().unwrap_or(0);
    let mut end = start;
    for offset in offsets {
        if offset - end != dimension {
            return Err(offset - end);
        }
        end = offset;
    }
    Ok(start..end)
}

fn builder(path: &Path) -> Result<(ParquetRecordBatchReaderBuilder<File>, usize), DatasetError> {
    let file = File::open(path).map_err(DatasetError::io("open", path))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(DatasetError::parquet(path))?;
    let rows = builder.metadata().file_metadata().num_rows() as usize;
    Ok((builder, rows))
}

fn missing(path: &Path, column: &str, expected: &str) -> DatasetError {
    DatasetError::MissingColumn {
        path: path.to_path_buf(),
        column: column.to_owned(),
        expected: expected.to_owned(),
    }
}
