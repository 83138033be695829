use std::io;
use std::mem;
use std::slice;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use io_uring::Submitter;

/// As many receives can be done before the program looks at the first.
pub(crate) const COUNT: usize = 80;

/// The next power of two: so many offers have room.
const ROOM: usize = 128;

/// As large as the one buffer of the other stages.
const BYTES: usize = 64 << 10;

/// All receives name this group of buffers, and the kernel takes one of the
/// group when bytes have arrived: a fetch that waits holds none.
pub(crate) const GROUP: u16 = 0;

/// Buffers that belong to the kernel.
///
/// Invariant: a buffer belongs to the program from the completion that
/// names it until it is offered again, and only then is it read. All
/// other buffers belong to the kernel.
pub(crate) struct Buffers {
    memory: Vec<u8>,
    /// The start of `memory`, taken once: no reference is made to what the
    /// kernel may write.
    start: *mut u8,
    offers: Box<Offers>,
    tail: u16,
}

/// A queue that the kernel reads: `offers[tail % ROOM]` is the next one to
/// be written. It begins where a page does, and on other processors a page
/// may have up to 64 KiB.
#[repr(C)]
#[cfg_attr(target_arch = "x86_64", repr(align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(align(65536)))]
struct Offers([Offer; ROOM]);

/// `struct io_uring_buf` of the kernel. Where the first one has its `tail`,
/// the others have nothing.
#[repr(C)]
#[derive(Default)]
struct Offer {
    address: AtomicU64,
    bytes: AtomicU32,
    number: AtomicU16,
    tail: AtomicU16,
}

impl Buffers {
    pub(crate) fn new() -> Buffers {
        let mut memory = vec![0; COUNT * BYTES];
        let offers = std::array::from_fn(|_| Offer::default());
        let mut buffers = Buffers {
            start: memory.as_mut_ptr(),
            memory,
            offers: Box::new(Offers(offers)),
            tail: 0,
        };
        for number in 0..COUNT {
            buffers.offer(number as u16);
        }
        buffers
    }

    /// Shows the kernel where the offers are.
    ///
    /// # Errors
    /// What the system says.
    #[expect(unsafe_code, reason = "the kernel is given an address")]
    pub(crate) fn register(&self, ring: &Submitter<'_>) -> io::Result<()> {
        let offers = &raw const *self.offers as u64;
        // SAFETY: the offers stay where they are, because they are boxed,
        // and `Ring` frees them only after the kernel's ring is closed.
        // Their fields are atomic, so both sides may use them.
        unsafe {
            ring.register_buf_ring_with_flags(offers, ROOM as u16, GROUP, 0)
        }
    }

    /// Gives a buffer to the kernel.
    pub(crate) fn offer(&mut self, number: u16) {
        let start = usize::from(number) * BYTES;
        let address = self.start.wrapping_add(start) as u64;
        let offers = &self.offers.0;
        let next = &offers[usize::from(self.tail) % ROOM];
        next.address.store(address, Ordering::Relaxed);
        next.bytes.store(BYTES as u32, Ordering::Relaxed);
        next.number.store(number, Ordering::Relaxed);
        self.tail = self.tail.wrapping_add(1);
        // Whoever sees the new tail sees the offer before it.
        offers[0].tail.store(self.tail, Ordering::Release);
    }

    /// The first bytes of a buffer that a completion has named.
    #[expect(unsafe_code, reason = "the kernel has written these bytes")]
    pub(crate) fn chunk(&self, number: u16, bytes: usize) -> &[u8] {
        let number = usize::from(number);
        assert!(number < COUNT && bytes <= BYTES, "no such buffer");
        // SAFETY: it is inside of `memory`, by the assertion. `Ring` calls
        // this only for a buffer that a completion has just named, so the
        // kernel does not write to it; and while the chunk is borrowed, so
        // is `self`, and nobody can offer the buffer again.
        unsafe {
            slice::from_raw_parts(self.start.add(number * BYTES), bytes)
        }
    }

    /// Frees nothing, ever: for when the kernel may still write.
    pub(crate) fn leak(&mut self) {
        mem::forget(mem::take(&mut self.memory));
    }
}
