const maximumLength = 254
// Deliberately loose: until an address is verified it is a note. No white space or control characters, one @, a dot in
// the domain.
const shape =
  /^[^\s@\p{Cc}"(),:;<>[\\\]]+@[^\s@\p{Cc}"(),:;<>[\\\]]+\.[^\s@\p{Cc}"(),:;<>[\\\].]+$/u

/** RFC 5321 allows 254 characters in all. */
export function isEmail(text: string): boolean {
  return text.length <= maximumLength && shape.test(text)
}
