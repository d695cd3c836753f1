//! Bytes to and from a broker, with or without TLS, against a deadline.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use rustls::ClientConnection;

pub(super) struct Wire {
    socket: TcpStream,
    tls: Option<ClientConnection>,
    deadline: Instant,
    /// TLS has failed, and rustls must not be shown more; why, until that was said.
    failed: bool,
    failure: Option<rustls::Error>,
}

impl Wire {
    pub(super) fn new(socket: TcpStream, tls: Option<ClientConnection>, deadline: Instant) -> Self {
        Self { socket, tls, deadline, failed: false, failure: None }
    }

    pub(super) fn connection(&self) -> Option<&ClientConnection> {
        self.tls.as_ref()
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() > self.deadline
    }

    /// Completes the TLS handshake; what was written before leaves with its last flight.
    pub(super) fn handshake(&mut self) -> io::Result<()> {
        while self.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            self.arm()?;
            let Some(tls) = &mut self.tls else { break };
            let (read, written) = match tls.complete_io(&mut self.socket) {
                Err(error) if is_tls(&error) => {
                    self.failed = true;
                    return Err(error);
                }
                Err(error) => return Err(self.last_words(error)),
                Ok(done) => done,
            };
            if (read, written) == (0, 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// What still lies in the socket after a write failed: the alert that tells why.
    fn last_words(&mut self, error: io::Error) -> io::Error {
        use io::ErrorKind as E;
        if !matches!(error.kind(), E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted) || self.tls.is_none() {
            return error;
        }
        let mut buffer = [0; 256];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return error,
                Ok(_) => {}
                Err(last) if is_tls(&last) => return last,
                Err(_) => return error,
            }
        }
    }

    /// Ends TLS as it should be ended, which is where a broker's log would otherwise speak of an unexpected EOF.
    pub(super) fn close(&mut self) {
        if self.arm().is_err() {
            return;
        }
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // what the broker still says is of no interest, and rustls must not be shown it after this
            self.failed = true;
            while tls.wants_write() && tls.write_tls(&mut self.socket).is_ok() {}
        }
    }

    /// Gives the socket what is left of the time.
    fn arm(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = left.max(Duration::from_millis(1));
        // a broker without set_tcp_nodelay holds its second answer back until the first is acknowledged, and the system
        // takes 40 ms for that unless it is told each time not to
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(&self.socket, true);
        self.socket.set_read_timeout(Some(left))?;
        self.socket.set_write_timeout(Some(left))
    }
}

impl Read for Wire {
    /// Bytes from the broker; none at the end of the stream.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.arm()?;
            let Some(tls) = &mut self.tls else {
                return self.socket.read(buffer);
            };
            match tls.reader().read(buffer) {
                Err(blocked) if blocked.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            if let Some(error) = self.failure.take() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            if self.failed || tls.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            // what came whole before the failure is read first: Mosquitto 2.1 puts a plain close frame behind the TLS of
            // its websockets
            if let Err(error) = tls.process_new_packets() {
                self.failed = true;
                self.failure = Some(error);
                let _ = tls.write_tls(&mut self.socket);
            }
        }
    }
}

impl Write for Wire {
    /// With TLS the bytes leave at the next flush, or with the handshake.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.arm()?;
        let Some(tls) = &mut self.tls else {
            return self.socket.write(bytes);
        };
        match tls.writer().write(bytes)? {
            // rustls holds back only so much
            0 if !bytes.is_empty() && !tls.is_handshaking() => {
                self.flush()?;
                self.write(bytes)
            }
            count => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.arm()?;
        while self.tls.as_ref().is_some_and(|tls| tls.wants_write()) {
            let Some(tls) = &mut self.tls else { break };
            if let Err(error) = tls.write_tls(&mut self.socket) {
                return Err(self.last_words(error));
            }
        }
        Ok(())
    }
}

pub(super) fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// The TLS error inside an I/O error, if that is what it is.
pub(super) fn tls_error(error: io::Error) -> Result<rustls::Error, io::Error> {
    error.downcast::<rustls::Error>()
}
