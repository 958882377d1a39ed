//! A room's password: compared, never shown.

use std::fmt;
use std::hint::black_box;

/// What everyone who joins must say.
#[derive(Clone)]
pub(crate) struct Password(Box<str>);

impl Password {
    /// An empty text is no password: a form that was left empty sends one.
    pub(crate) fn from_setting(text: Option<&str>) -> Option<Self> {
        text.filter(|text| !text.is_empty()).map(|text| Self(text.into()))
    }

    /// Whether `said` is the password. Takes as long for a first wrong byte as for a last one.
    pub(crate) fn is(&self, said: Option<&str>) -> bool {
        let said = said.unwrap_or("").as_bytes();
        let differences = self
            .0
            .bytes()
            .zip(said.iter().copied().chain(std::iter::repeat(0)))
            .fold(0_u8, |differences, (ours, theirs)| black_box(differences | (ours ^ theirs)));
        differences == 0 && said.len() == self.0.len()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(secret)")
    }
}
