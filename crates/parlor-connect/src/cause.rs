//! Why an attempt to connect fails, and what is said of it.

/// Why an attempt failed (CM-6, CM-16).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    NoOffer,
    NoAnswer,
    NotConnected,
    Ice,
    Dtls,
    NoMedia,
    Description(String),
    Refused(String),
}

impl Cause {
    /// What a person is told (CM-7).
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::NoOffer => "no offer arrived".to_owned(),
            Self::NoAnswer => "the offer was not answered".to_owned(),
            Self::NotConnected => "the connection was not established in time".to_owned(),
            Self::Ice => "no network path was found".to_owned(),
            Self::Dtls => "the secure handshake failed".to_owned(),
            Self::NoMedia => "the connection stands but no media arrives".to_owned(),
            Self::Refused(reason) => format!("the server refused it ({reason})"),
            Self::Description(reason) => format!("a session description could not be applied ({reason})"),
        }
    }

    /// Whether another path may help.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self, Self::Ice | Self::NotConnected | Self::NoMedia)
    }
}
