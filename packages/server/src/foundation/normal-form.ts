/** More marks on one letter than any language writes: Unicode's bound for a text that can be read as a stream (UAX #15). */
const unsafe = /\p{M}{31}/u

/**
 * The text in this normal form, or as it is where it has more than thirty marks in a row: to bring those into their order
 * takes time that grows with the square of their number, and anybody may send a body full of them.
 */
export function toNormalForm(text: string, form: 'NFC' | 'NFKC'): string {
  return unsafe.test(text) ? text : text.normalize(form)
}
