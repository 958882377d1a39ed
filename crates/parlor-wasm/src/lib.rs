//! parlor-connect for the page: a C ABI that takes and gives JSON.
