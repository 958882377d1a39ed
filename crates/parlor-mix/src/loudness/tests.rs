//! The loudness meter beyond the signals of EBU Tech 3341, which are in tests/.
