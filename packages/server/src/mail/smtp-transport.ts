import { ConfigurationError } from '../config/configuration-error.ts'
import type { SmtpSettings } from '../config/settings.ts'
import type { MailTransport } from './outbox.ts'

/**
 * Any SMTP server, over a few connections that are kept.
 * @throws ConfigurationError when the package nodemailer is not installed
 */
export async function openSmtpTransport(smtp: SmtpSettings, from: string): Promise<MailTransport> {
  const { createTransport } = await loadNodemailer()
  const { host, port, secure, user, password, requiresTls } = smtp
  const mailer = createTransport({
    host,
    port,
    secure,
    requireTLS: requiresTls,
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    pool: true,
    maxConnections: 3,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    description: `smtp://${host}:${port}`,
    send: async ({ to, subject, text, html }) => {
      const headers = { 'Auto-Submitted': 'auto-generated' }
      await mailer.sendMail({ from, to: { name: '', address: to }, subject, text, html, headers })
    },
    close: () => mailer.close(),
  }
}

async function loadNodemailer(): Promise<Pick<typeof import('nodemailer'), 'createTransport'>> {
  try {
    return await import('nodemailer')
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw error
    const message =
      'It needs the package nodemailer, which is not installed: npm install nodemailer'
    throw new ConfigurationError([{ option: 'smtpUrl', message }])
  }
}
