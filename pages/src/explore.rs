//! The explorer: a live page of a model on a local address.
//!
//! [`Listener::bind`] opens the address, and [`Listener::serve`] answers until it is stopped.
//!
//! # Addresses
//!
//! `GET /` is the page, `GET /api/model` describes the model, and `GET /api/rows` contains the plane and the rows in
//! it. All others take and return JSON objects by `POST`. A sample is a list of its values in row-major order and in
//! the unit of the data; a code is a list of its latent dimensions. `label` is the name of a class, which only a model
//! with classes takes, and needs.
//!
//! | address | fields | answer |
//! | --- | --- | --- |
//! | `/api/decode` | `codes`, `label` | `samples` |
//! | `/api/encode` | `samples`, `label` | `codes` |
//! | `/api/reconstruct` | `samples`, `label` | `codes`, `samples` |
//! | `/api/score` | `samples`, `label` | `squared_error`, `reconstruction`, `kl`, `part_below` |
//! | `/api/generate` | `count`, `seed`, `temperature`, `label` | `codes`, `samples` |
//! | `/api/blend` | `from`, `to`, `steps`, `interpolation`, `label` | `codes`, `samples` |
//! | `/api/corrupt` | `samples`, `noise`, `seed` | `samples` |
//! | `/api/row` | `rows` | `samples`, `codes`, `numbers`, `labels`, `classes`, `squared_error` |
//! | `/api/plane` | `dimensions` | `plane`, `names`, `colours`, `errors`, `numbers` |
//!
//! `rows` counts the rows on the page from 0, and `numbers` are their numbers in the data, from 0.
//!
//! In a sample of a mixed table, a category is the position of its level from 1, 0 is an unseen level, and null a
//! missing value; `/api/model` has the levels. `/api/row` then has the losses of the rows as `squared_error`.
//!
//! Scores are those of [`narrows_runtime::Scores`]. `part_below` is the part of the rows with a smaller squared error,
//! from 0 to 1. Errors are `{"error": "..."}` with status 4xx if the client can correct the request, otherwise 5xx.
//!
//! # Security
//!
//! A page from elsewhere must not be able to ask the model, even if it is open in the same browser. Every request needs
//! the random token (in the query `token`, in the header `x-narrows-token`, or in the cookie that the page's first
//! answer sets, which scripts cannot read and other pages do not send), the bound address as its host, or `localhost`
//! if it is a loopback address (against DNS rebinding; any IP address if all are bound), and no foreign origin. The
//! page may only load from its own address (Content-Security-Policy), and nothing is stored in the browser's cache.

mod assets;
mod compute;
mod connections;
mod describe;
mod fields;
mod guard;
mod page;
mod plane;
mod policy;
mod reach;
mod refusal;
mod rows;
mod service;
mod state;
mod token;

use std::{future::Future, io, net::SocketAddr};

use narrows_runtime::Autoencoder;
use tokio::net::TcpListener;

use self::{guard::Guard, rows::CodedRows, state::Explorer, token::Token};

pub use self::rows::Rows;
use crate::{error::PageError, gathered::Gathered};

/// Error of the explorer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExploreError {
    /// The address cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Error of the system.
        source: io::Error,
    },
    /// The system has no random numbers for the token.
    #[error("the system gave no random numbers for the token: {0}")]
    Token(getrandom::Error),
    /// The model cannot encode the rows, or decode their mean code.
    #[error(transparent)]
    Model(#[from] narrows_runtime::Error),
    /// The code of a row is not finite.
    #[error("the model encodes row {row} to {value}, so its latent space cannot be shown")]
    NotFinite {
        /// The row in the data, from 0.
        row: usize,
        /// The value.
        value: f32,
    },
    /// A picture or a chart of the report cannot be drawn.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The address of the page cannot be a header.
    #[error("the page has no valid security policy: {0}")]
    Policy(String),
}

/// An open address whose requests are not yet answered.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    token: Token,
}

impl Listener {
    /// Opens an address; the port 0 stands for any free one.
    ///
    /// # Errors
    /// [`ExploreError::Listen`] if another program has the port, and [`ExploreError::Token`].
    pub async fn bind(address: SocketAddr) -> Result<Self, ExploreError> {
        let failed = |source| ExploreError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Listener { listener, address, token: Token::random().map_err(ExploreError::Token)? })
    }

    /// Returns the address of the page, with the token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address(), self.token.text())
    }

    /// Returns the open address. If all addresses of this computer are open, it is one of them.
    pub fn address(&self) -> SocketAddr {
        reach::reachable(self.address)
    }

    /// Returns the token, without which no request is answered.
    pub fn token(&self) -> &str {
        self.token.text()
    }

    /// Answers requests until `stop` completes, and returns its value. Open connections do not delay the end.
    pub async fn serve<T>(self, site: Site, stop: impl Future<Output = T>) -> T {
        let guard = Guard::new(self.token, self.address, site.policy);
        connections::serve(self.listener, service::router(site.explorer, site.page, guard), stop).await
    }
}

/// A model with some rows, ready to be explored.
#[derive(Debug)]
pub struct Site {
    explorer: Explorer,
    page: String,
    policy: axum::http::HeaderValue,
}

impl Site {
    /// Encodes and scores the rows, and prepares the page of the model with this name. The page also has the sections
    /// of the report that was gathered, if there is one.
    ///
    /// # Errors
    /// [`ExploreError::Model`], [`ExploreError::NotFinite`] and [`ExploreError::Page`].
    pub fn new(model: Autoencoder, rows: Rows, name: String, report: Option<&Gathered>) -> Result<Self, ExploreError> {
        let rows = CodedRows::of(rows, &model)?;
        if let Some(((row, _), &value)) = rows.codes.indexed_iter().find(|(_, code)| !code.is_finite()) {
            let row = rows.rows.numbers.get(row).copied().unwrap_or(row);
            return Err(ExploreError::NotFinite { row, value });
        }
        let explorer = Explorer::new(model, rows, name)?;
        let page = page::page(&explorer, report)?;
        let policy = policy::of_page(&page).map_err(ExploreError::Policy)?;
        Ok(Site { explorer, page, policy })
    }
}
