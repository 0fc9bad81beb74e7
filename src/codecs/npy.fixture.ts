import { inflateSync } from 'node:zlib'

/**
 * Files that numpy 2.4.6 wrote (`numpy.save`, and `numpy.lib.format.write_array` for versions 2.0 and 3.0), compressed.
 */
const FILES = {
  bool: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgpGmjoKtQpkAy5GBgZGANyjG6Y=',
  i1: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBek2morqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFACuhnoApgkcmA==',
  'u2 big': 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuV2qkrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuBsb//wHJbx1n',
  i8: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYQUGCAggYADWUcAQ==',
  'u8 big':
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuV2qhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFACu/1DAAAGMAHXgI2c=',
  f2: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2akrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOpo6CrUKFAAuBguGhv/VDHUANxMeCQ==',
  'f4 Fortran':
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CsaaOgq1CuQDLgYwcHBgYGiwB2IHEIeBYYEDAPbpHmA=',
  'f8 big Fortran 3d':
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBul2ahrqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CsY6CkaaOgq1CmQCLgYocJCA0jC+ApQWgNIqENr+A5QvA6U5oLQSlBaB0moQGgBx2SAA',
  scalar: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqaOgq1ChQBLgYw+GEPACmFHHY=',
  empty: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RoGOgommjoKtQpkAy4AVisbaw==',
  S: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBeE2ysrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFACuRIYkBgaGisoqAGYBHbQ=',
  U: 'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuE2qsrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFACuJwzYwdNUBgaddCDjGyMDAFf5HwA=',
  'U big Fortran':
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuF2qkrqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CkaaOgq1CuQDLgYGhkQGCEiB0klAnAxlMwAAxiwcuQ==',
  v2: 'eNqb7BfqGxDJxFDCwMBQrZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQpkAy5GoL1MQAwA+skbHg==',
  v3: 'eNqb7BfqGxDJzFDCwMBQrZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQpkAy5GoL1MQAwA+0sbHw==',
  objects:
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBe46+uo6Cell9UUpSYF59flJIKEnZLzClOBYoXZyQWpAL5GkY6mjoKtQqUAK4GlqlTGCCgRyyvNLegUi8+Ob8oVS+3NKckM7GoKLFySg9PfFFqcn5ecUlRaXLJlMlTeljBKqf0sOelQJRMnuLN0DrFmTFpSvuUoCka3ozeTK1TMph7WFNKKgtSQVqY/C2mdHZAZJl7GGum+Pn5ef0HAjDhbV8yJakzdopG7ZQexsQp3ozFfqlAET0AQWhcEA==',
  fields:
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupRCtof5EXUdB3SbTRF1TR0FDPQnMS7NQ14wFMtLyi0qKEvPi84tSUkHK3RJzilOB4sUZiQWpQL6GoQ5QV60CMYCLkQEOHADtJR4E',
  complex:
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBuk2xopq6joJ6WX1RSlJgXn1+UkgqScEvMKU4FihdnJBakAvkahjqaOgq1CuQDLgYU8MEeAAntHJc=',
  dates:
    'eNqb7BfqGxDJyFDGUK2eklqcXKRupaBu42sR7RKrrqOgnpZfVFKUmBefX5SSCpJyS8wpTgWKF2ckFqQC+RqGOpo6CrUK5AKuMHcGMAAAVTscfA==',
} as const

export type NpyFile = keyof typeof FILES

/** The bytes of one of them. */
export function npyFile(name: NpyFile): Buffer {
  return inflateSync(Buffer.from(FILES[name], 'base64'))
}
