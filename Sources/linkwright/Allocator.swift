import CMalloc

/// The C library's allocator, as a short-lived program that fills some hundred megabytes wants it.
enum Allocator {
  /// Lets heaps grow by large steps and keep what they have: untouched, a step costs no memory. By default glibc
  /// asks the kernel for every few pages, each time with the address space locked, so that cores wait for each other.
  static func prepare() {
    let megabyte: Int32 = 1 << 20
    mallopt(M_TOP_PAD, 56 * megabyte)
    mallopt(M_TRIM_THRESHOLD, 1024 * megabyte)
    mallopt(M_MMAP_THRESHOLD, 32 * megabyte)
  }
}
