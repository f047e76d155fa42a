/** A worker that ends before it listens. */
process.exit(3);
