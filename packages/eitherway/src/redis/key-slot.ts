/** The slot of a key in a Cluster: CRC16 (XMODEM) of what stands in its first braces, modulo 16,384. */
const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const BITS = 8;

export function keySlot(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashTag(key))) {
    crc ^= byte << BITS;
    for (let bit = 0; bit < BITS; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}

function hashTag(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
