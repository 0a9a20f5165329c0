import type { ImportOutcome } from '@countersign/server'
import type { TutorialDocument } from './tutorial-source.ts'

export type ReportedOutcome = ImportOutcome | 'ambiguous_username'

/** What became of the documents, counted, and each that was left out with its reason. */
export class ImportReport {
  read = 0
  imported = 0
  importedBefore = 0
  readonly #leftOut: { readonly who: string; readonly why: string }[] = []
  readonly #unknownRoles = new Map<string, number>()

  get leftOut(): number {
    return this.#leftOut.length
  }

  note(document: TutorialDocument, role: string, outcome: ReportedOutcome): void {
    if (outcome === 'imported') this.imported++
    else if (outcome === 'imported_before') this.importedBefore++
    else this.leaveOut(document, reasons[outcome](role))
    if (outcome === 'unknown_role') {
      this.#unknownRoles.set(role, (this.#unknownRoles.get(role) ?? 0) + 1)
    }
  }

  leaveOut({ id, fields }: TutorialDocument, why: string): void {
    const { username } = fields
    const name = typeof username === 'string' ? quote(username) : '(no name)'
    this.#leftOut.push({ who: `${name} (${id})`, why })
  }

  render({
    roles,
    dryRun,
  }: {
    readonly roles: readonly string[]
    readonly dryRun: boolean
  }): string {
    const unknown = [...this.#unknownRoles.keys()]
    const mend =
      unknown.length === 0
        ? []
        : [
            '',
            `Roles that are not among ROLES: ${unknown.map((role) => `${quote(role)} (${this.#unknownRoles.get(role)})`).join(', ')}.`,
            `Set ROLES=${[...roles, ...unknown].join(',')} for this command and for the server, and run it again.`,
          ]
    return [
      `${this.read} read, ${this.imported} ${dryRun ? 'would be imported' : 'imported'}, ` +
        `${this.importedBefore} imported before, ${this.leftOut} left out.`,
      ...(this.leftOut > 0 ? ['', 'Left out:'] : []),
      ...this.#leftOut.map(({ who, why }) => `- ${who}: ${why}`),
      ...mend,
      ...(dryRun ? ['', 'Nothing was imported: this was a dry run.'] : []),
    ].join('\n')
  }
}

const reasons: Readonly<
  Record<Exclude<ReportedOutcome, 'imported' | 'imported_before'>, (role: string) => string>
> = {
  ambiguous_username: () =>
    'another document has this name but for case or form: rename all but one there, and run this again',
  deleted: () => 'it was imported before and deleted here since',
  invalid_username: () => 'its name cannot be stored or shown',
  unknown_hash: () => 'its password is no bcrypt hash, nor any other that is known',
  unknown_role: (role) => `its role ${quote(role)} is not among ROLES`,
  username_taken: () => 'another account has this name here, which is left as it is',
}

const shownCharacters = 80

/** On one line, and harmless to a terminal whatever it holds. */
function quote(text: string): string {
  const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
  return JSON.stringify(shown).replace(
    /[^\P{C}]|[\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
