import { type Countersign, toUsernameKey } from '@countersign/server'
import { ImportReport, type ReportedOutcome } from './import-report.ts'
import { interpretDocument } from './interpret-document.ts'
import type { TutorialDocument, TutorialSource } from './tutorial-source.ts'

export interface ImportOptions {
  readonly dryRun: boolean
  onProgress(read: number): void
  /** Told of every account that is here, now or since an earlier run. */
  onIdentity(oldId: string, newId: string): void
}

/** As many as one commit of the database can take together. */
const batchSize = 64
const progressEvery = 1_000

/** Reads everything twice: whose names are one is known only when all were seen. */
export async function importTutorial(
  auth: Pick<Countersign, 'accounts' | 'settings'>,
  source: TutorialSource,
  options: ImportOptions,
): Promise<ImportReport> {
  const ambiguous = await findAmbiguousNames(source)
  const report = new ImportReport()
  let batch: TutorialDocument[] = []
  const importBatch = async (): Promise<void> => {
    const fates = await Promise.all(batch.map((one) => importOne(auth, one, ambiguous, options)))
    for (const fate of fates) tell(fate, report, options)
    batch = []
  }
  for await (const document of source.documents()) {
    batch.push(document)
    if (batch.length === batchSize) await importBatch()
    if (++report.read % progressEvery === 0) options.onProgress(report.read)
  }
  await importBatch()
  return report
}

/** What became of a document. */
type Fate = { readonly document: TutorialDocument } & (
  | { readonly unclear: string }
  | { readonly role: string; readonly outcome: ReportedOutcome; readonly id: string }
)

async function importOne(
  { accounts, settings }: Pick<Countersign, 'accounts' | 'settings'>,
  document: TutorialDocument,
  ambiguous: ReadonlySet<string>,
  { dryRun }: ImportOptions,
): Promise<Fate> {
  const [defaultRole = ''] = settings.roles
  const interpreted = interpretDocument(document, defaultRole)
  if (!interpreted.ok) return { document, unclear: interpreted.reason }
  const { account } = interpreted
  const isAmbiguous = ambiguous.has(toUsernameKey(account.username))
  const result = await accounts.import(account, { dryRun: dryRun || isAmbiguous })
  // One that came in before somebody there took a name like it is in, and stays.
  const isLeftOut = isAmbiguous && result.outcome !== 'imported_before'
  const outcome = isLeftOut ? 'ambiguous_username' : result.outcome
  return { document, role: account.role, outcome, id: result.id }
}

function tell(fate: Fate, report: ImportReport, options: ImportOptions): void {
  const { document } = fate
  if ('unclear' in fate) {
    report.leaveOut(document, fate.unclear)
    return
  }
  const { role, outcome, id } = fate
  report.note(document, role, outcome)
  if (outcome === 'imported' || outcome === 'imported_before') options.onIdentity(document.id, id)
}

async function findAmbiguousNames(source: TutorialSource): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  const ambiguous = new Set<string>()
  for await (const { fields } of source.documents()) {
    if (typeof fields['username'] !== 'string') continue
    const key = toUsernameKey(fields['username'])
    if (seen.has(key)) ambiguous.add(key)
    seen.add(key)
  }
  return ambiguous
}
