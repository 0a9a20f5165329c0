import type { RecoveryProof } from '../authentication/prove-second-factor.ts'
import type { ChallengeStore } from '../challenges/store.ts'
import {
  type ChangeFacts,
  type UndoFacts,
  changeEmailMail,
  changeLifeMs,
  emailChangedMail,
  undoLifeMs,
} from '../change-address/change-address.ts'
import { type ChangeAddressParts, changeAddressRoutes } from '../change-address/routes.ts'
import { secondFactorMail } from '../email-factor/email-factor.ts'
import { type EmailFactorRouteParts, emailFactorRoutes } from '../email-factor/routes.ts'
import type { FactorStore } from '../factors/store.ts'
import {
  type ResetFacts,
  resetLifeMs,
  resetPasswordMail,
} from '../forgotten-password/forgotten-password.ts'
import {
  type ForgottenPasswordParts,
  forgottenPasswordRoutes,
} from '../forgotten-password/routes.ts'
import type { IdSource } from '../foundation/ids.ts'
import type { LeaseStore } from '../leases/store.ts'
import { type DevelopmentMailbox, createDevelopmentMailbox } from '../mail/development-mailbox.ts'
import type { LinkMaker } from '../mail/links.ts'
import { type MailTransport, type Outbox, type PostMail, createOutbox } from '../mail/outbox.ts'
import { openSmtpTransport } from '../mail/smtp-transport.ts'
import type { MailTexts } from '../mail/texts/en.ts'
import { createFormerAddressNotice, noticeMail } from '../notices/notices.ts'
import { type Tickets, createTickets } from '../one-time/tickets.ts'
import type { Route } from '../routing/route.ts'
import { type SignInByMailParts, signInByMailRoutes } from '../sign-in-by-mail/routes.ts'
import {
  type CodeLink,
  type CodeRequest,
  codeLifeMs,
  signInMail,
} from '../sign-in-by-mail/sign-in-by-mail.ts'
import type { Store } from '../stores/store.ts'
import { type VerifyAddressParts, verifyAddressRoutes } from '../verify-address/routes.ts'
import {
  type VerificationFacts,
  verificationLifeMs,
  verifyEmailMail,
} from '../verify-address/verify-address.ts'
import type { Base } from './base.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/** Mails that reach somebody. */
export interface CarriedMail {
  readonly transport: MailTransport
  readonly outbox: Outbox
  /** The transport itself where it is the development mailbox. */
  readonly mailbox: DevelopmentMailbox | undefined
}

/** What the flows that write mails share. */
export interface Mailing {
  readonly accounts: Store
  readonly links: LinkMaker
  readonly texts: MailTexts
  readonly newId: IdSource
  readonly post: PostMail
  readonly resets: Tickets<ResetFacts>
  readonly verifications: Tickets<VerificationFacts>
  readonly changes: Tickets<ChangeFacts>
  readonly undos: Tickets<UndoFacts>
  readonly codeRequests: Tickets<CodeRequest>
  readonly codeLinks: Tickets<CodeLink>
  readonly challenges: ChallengeStore
  readonly leases: LeaseStore
  readonly factors: FactorStore
  readonly proveSecondFactor: RecoveryProof
  readonly tellTakenBack: ChangeAddressParts['tellTakenBack']
  readonly outbox: Outbox
}

/** Where mails go. In production without SMTP they go nowhere, and the flows that need them are not there. */
export async function openMail(
  base: Base,
  { store }: Pick<State, 'store'>,
): Promise<CarriedMail | undefined> {
  const { settings, sendMail, logger } = base
  const mailbox =
    settings.smtp || sendMail || settings.production ? undefined : createDevelopmentMailbox(logger)
  const hook = sendMail && { description: 'the host', send: sendMail, close: () => undefined }
  const transport = settings.smtp
    ? await openSmtpTransport(settings.smtp, settings.mailFrom)
    : (hook ?? mailbox)
  return transport && { mailbox, transport, outbox: createOutbox({ ...base, store, transport }) }
}

/** What the flows that write mails share; undefined where mails go nowhere. */
export function buildMailing(
  base: Base,
  { store }: State,
  services: Services,
  proveSecondFactor: RecoveryProof,
): Mailing | undefined {
  if (services.mail === undefined) return undefined
  const tickets = { ...base, store }
  const { post } = services.mail.outbox
  const writing = { accounts: store, links: services.links, texts: base.texts }
  return {
    ...writing,
    newId: base.newId,
    post,
    tellTakenBack: createFormerAddressNotice(writing, post, 'address_taken_back'),
    resets: createTickets<ResetFacts>(tickets, 'reset-password', resetLifeMs),
    verifications: createTickets<VerificationFacts>(tickets, 'verify-email', verificationLifeMs),
    changes: createTickets<ChangeFacts>(tickets, 'change-email', changeLifeMs),
    undos: createTickets<UndoFacts>(tickets, 'undo-email', undoLifeMs),
    codeRequests: createTickets<CodeRequest>(tickets, 'sign-in-request', codeLifeMs),
    codeLinks: createTickets<CodeLink>(tickets, 'sign-in-link', codeLifeMs),
    challenges: store,
    leases: store,
    factors: store,
    proveSecondFactor,
    outbox: services.mail.outbox,
  }
}

export type MailFlowParts = Omit<
  ForgottenPasswordParts &
    VerifyAddressParts &
    ChangeAddressParts &
    SignInByMailParts &
    EmailFactorRouteParts,
  keyof Mailing
>

/** The flows that write mails, and what they write. */
export function mailRoutes(
  mailing: Mailing,
  common: MailFlowParts & { readonly signInByMail: boolean },
): Route[] {
  const parts = { ...common, ...mailing }
  mailing.outbox.register([
    resetPasswordMail(parts),
    verifyEmailMail(parts),
    changeEmailMail(parts),
    emailChangedMail(parts),
    signInMail(parts),
    secondFactorMail(parts),
    noticeMail(parts),
  ])
  return [
    ...forgottenPasswordRoutes(parts),
    ...verifyAddressRoutes(parts),
    ...changeAddressRoutes(parts),
    ...emailFactorRoutes(parts),
    ...(parts.signInByMail ? signInByMailRoutes(parts) : []),
  ]
}
