//! 08-async-await
