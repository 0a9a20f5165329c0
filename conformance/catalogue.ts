// The requirements that Countersign measures itself by: OWASP ASVS 5.0.0 (levels 1 to 3, as far as they apply to an
// authentication service) and normative points of the RFCs. A requirement is met by tests that name it in their title,
// by a document, or not yet; requirements.test.ts holds this list, the titles and README.md against each other.

export interface Requirement {
  /** `v5.0.0-6.2.1` or `RFC 6750 §3`, as test titles name it. */
  readonly id: string
  readonly what: string
  /** What is missing; with tests it is met in part. */
  readonly missing?: string
  /** Where it is written down, when it asks for a document. */
  readonly document?: string
  /** A test outside this folder. */
  readonly elsewhere?: { readonly file: string; readonly title: string }
}

export interface Chapter {
  readonly name: string
  readonly requirements: readonly Requirement[]
}

const totpTest = 'packages/server/src/totp/totp.test.ts'
const recoveryTest = 'packages/server/src/recovery-codes/recovery-codes.test.ts'
const recoveryCodeTest = 'packages/server/src/factors/recovery-codes.test.ts'
const stepUpTest = 'packages/server/src/step-up/step-up.test.ts'
const noticesTest = 'packages/server/src/notices/notices.test.ts'
const noGrants = 'there is no OAuth server yet'
const noFederation = 'there is no log-in through others yet'
const noPages = 'there is no page to log in with yet'

function asvs(
  number: string,
  what: string,
  more: Omit<Requirement, 'id' | 'what'> = {},
): Requirement {
  return { id: `v5.0.0-${number}`, what, ...more }
}

function rfc(id: string, what: string, more: Omit<Requirement, 'id' | 'what'> = {}): Requirement {
  return { id, what, ...more }
}

export const chapters: readonly Chapter[] = [
  {
    name: 'ASVS V1 Encoding and sanitisation',
    requirements: [
      asvs('1.2.1', 'output fits its context'),
      asvs('1.2.2', 'only safe schemes in built URLs', {
        missing: 'no URL is built from input yet',
      }),
      asvs('1.2.4', 'no injection into the database'),
      asvs('1.2.9', 'metacharacters are literal'),
      asvs('1.3.6', 'no request to where input points'),
      asvs('1.3.7', 'no template injection', {
        elsewhere: {
          file: 'packages/server/src/mail/content.test.ts',
          title: 'is no template',
        },
      }),
      asvs('1.3.11', 'no mail injection', {
        elsewhere: {
          file: 'packages/server/src/mail/content.test.ts',
          title: 'ends no header, and adds none',
        },
      }),
      asvs('1.3.12', 'no exponential expressions', {
        missing: 'bodies end at 10 kB, but the expressions are not analysed',
      }),
      asvs('1.5.2', 'only the expected content type is read'),
      asvs('1.5.3', 'every parser reads alike'),
    ],
  },
  {
    name: 'ASVS V2 Validation and business logic',
    requirements: [
      asvs('2.2.1', 'positive validation of input'),
      asvs('2.3.1', 'no step can be skipped', { missing: 'no flow has several steps yet' }),
      asvs('2.3.2', 'business limits', { missing: 'sessions of a user are not limited in number' }),
      asvs('2.3.3', 'all or nothing'),
      asvs('2.3.4', 'nothing is used twice'),
      asvs('2.4.1', 'costly functions are limited'),
      asvs('2.4.2', 'human timing', { missing: 'not looked at' }),
    ],
  },
  {
    name: 'ASVS V3 Web front end',
    requirements: [
      asvs('3.2.1', 'no answer renders in a wrong context'),
      asvs('3.3.1', 'cookies are Secure'),
      asvs('3.3.2', 'SameSite fits the purpose'),
      asvs('3.3.3', '__Host- by default'),
      asvs('3.3.4', 'HttpOnly, and the value nowhere else'),
      asvs('3.3.5', 'cookies under 4,096 bytes'),
      asvs('3.4.1', 'HSTS for a year or more'),
      asvs('3.4.2', 'CORS by an allow-list'),
      asvs('3.4.3', 'a content security policy'),
      asvs('3.4.4', 'nosniff on every answer'),
      asvs('3.4.5', 'a referrer policy'),
      asvs('3.4.6', 'frame-ancestors on every answer'),
      asvs('3.4.8', 'a cross-origin opener policy'),
      asvs('3.5.1', 'an anti-forgery token'),
      asvs('3.5.2', 'no simple request acts'),
      asvs('3.5.3', 'safe methods change nothing'),
      asvs('3.5.8', 'fetch metadata are heeded'),
      asvs('3.7.2', 'no open redirect', { missing: 'nothing redirects yet' }),
    ],
  },
  {
    name: 'ASVS V4 API and web service',
    requirements: [
      asvs('4.1.1', 'a content type with charset on every body'),
      asvs('4.1.2', 'no silent redirect from http to https'),
      asvs('4.1.3', 'headers of proxies cannot be forged'),
      asvs('4.1.4', 'only supported methods'),
      asvs('4.2.1', 'safe message framing'),
    ],
  },
  {
    name: 'ASVS V6 Authentication',
    requirements: [
      asvs('6.1.1', 'limits are documented', { document: 'README.md' }),
      asvs('6.1.2', 'banned context words are documented', { document: 'SECURITY.md' }),
      asvs('6.1.3', 'every way to log in is documented'),
      asvs('6.2.1', 'eight characters at least'),
      asvs('6.2.2', 'users change their password'),
      asvs('6.2.3', 'a change needs the current password'),
      asvs('6.2.4', 'the most common passwords are refused'),
      asvs('6.2.5', 'any composition'),
      asvs('6.2.6', 'password fields are hidden', { missing: noPages }),
      asvs('6.2.7', 'paste and password managers work', { missing: noPages }),
      asvs('6.2.8', 'verified exactly as received'),
      asvs('6.2.9', '64 characters and more'),
      asvs('6.2.10', 'no forced rotation'),
      asvs('6.2.11', 'context words are refused'),
      asvs('6.2.12', 'breached passwords are refused', {
        missing: 'against 474,743 known ones; no service of breaches is asked',
      }),
      asvs('6.3.1', 'controls against stuffing and guessing'),
      asvs('6.3.2', 'no default accounts'),
      asvs('6.3.3', 'a second factor', {
        missing: 'level 3 wants a key of hardware',
        elsewhere: {
          file: totpTest,
          title: 'adds an app with its mfaToken and is completed by that',
        },
      }),
      asvs('6.3.4', 'every way in is equally strong'),
      asvs('6.3.5', 'users hear of suspicious attempts', {
        elsewhere: { file: noticesTest, title: 'of too many failed attempts, once' },
      }),
      asvs('6.3.6', 'mail is no factor'),
      asvs('6.3.7', 'users hear of changes', {
        elsewhere: {
          file: 'packages/server/src/change-address/change-address.test.ts',
          title: 'waits for the new mailbox, and tells the old one',
        },
      }),
      asvs('6.3.8', 'no enumeration of users', {
        missing: 'registration tells whether a name is taken, by contract',
      }),
      asvs('6.4.1', 'initial secrets are random and short-lived', {
        missing: 'a password that an administrator sets lasts until its user changes it',
      }),
      asvs('6.4.2', 'no hints, no secret questions'),
      asvs('6.4.3', 'a safe reset', {
        elsewhere: {
          file: recoveryTest,
          title: 'is reset with a recovery code, once, and its owner is told of the code',
        },
      }),
      asvs('6.4.4', 'a lost factor is replaced safely', {
        elsewhere: {
          file: totpTest,
          title: 'adds none to an account that has one: that would go around it',
        },
      }),
      asvs('6.4.5', 'reminders to renew', {
        missing: 'no credential expires, and nobody is reminded of one that is old',
      }),
      asvs('6.4.6', 'administrators never know a password', {
        missing: 'an administrator who makes an account sets its first password',
      }),
      asvs('6.5.1', 'codes are used once', {
        elsewhere: {
          file: totpTest,
          title: 'opens one session, of twenty that bring it at once to two instances',
        },
      }),
      asvs('6.5.2', 'look-up secrets are hashed', {
        elsewhere: {
          file: recoveryTest,
          title: 'stand nowhere in the database, the log or the events (ASVS v5.0.0-6.5.2)',
        },
      }),
      asvs('6.5.3', 'codes are random', {
        elsewhere: {
          file: recoveryCodeTest,
          title:
            'has 120 random bits: every letter as likely, and none twice (ASVS v5.0.0-6.5.3, v5.0.0-6.5.4)',
        },
      }),
      asvs('6.5.4', 'codes have 20 bits', {
        elsewhere: {
          file: recoveryCodeTest,
          title:
            'has 120 random bits: every letter as likely, and none twice (ASVS v5.0.0-6.5.3, v5.0.0-6.5.4)',
        },
      }),
      asvs('6.5.5', 'codes expire', {
        missing: 'a code of an app is good one step before and after its own',
        elsewhere: {
          file: totpTest,
          title:
            'is good one step early or late and no more, by the server’s clock (ASVS v5.0.0-6.5.5, v5.0.0-6.5.8)',
        },
      }),
      asvs('6.5.6', 'factors can be revoked', {
        elsewhere: {
          file: totpTest,
          title:
            'is nothing once its app is removed, and neither is a log-in that waited for it (ASVS v5.0.0-6.5.6)',
        },
      }),
      asvs('6.5.7', 'biometrics only as second factor', {
        elsewhere: {
          file: 'packages/server/src/passkeys/passkey-proof.test.ts',
          title: 'need not verify its user, and is no whole log-in then',
        },
      }),
      asvs('6.5.8', 'one-time codes by trusted time', {
        elsewhere: {
          file: totpTest,
          title:
            'is good one step early or late and no more, by the server’s clock (ASVS v5.0.0-6.5.5, v5.0.0-6.5.8)',
        },
      }),
      asvs('6.6.1', 'telephone codes', { missing: 'none are sent, and none are planned' }),
      asvs('6.6.2', 'codes are bound to their request', {
        elsewhere: {
          file: 'packages/server/src/email-factor/email-factor.test.ts',
          title:
            'belongs to the log-in that had its code sent, and to no other (ASVS v5.0.0-6.6.2)',
        },
      }),
      asvs('6.6.3', 'codes are limited', {
        elsewhere: {
          file: totpTest,
          title:
            'is guessed ten times, however many log-ins and instances are asked (ASVS v5.0.0-6.6.3)',
        },
      }),
      asvs('6.6.4', 'push bombing', { missing: 'nothing is pushed, and nothing is planned' }),
      asvs('6.7.1', 'certificates cannot be changed', {
        elsewhere: {
          file: 'packages/server/src/passkeys/registration.test.ts',
          title: 'belongs to one account',
        },
      }),
      asvs('6.7.2', 'challenges of 64 bits, unique', {
        elsewhere: {
          file: 'packages/server/src/passkeys/registration.test.ts',
          title: 'has a challenge that nobody guesses, another one each time',
        },
      }),
      asvs('6.8.1', 'identity is provider and subject', { missing: noFederation }),
      asvs('6.8.2', 'assertions are verified', { missing: noFederation }),
      asvs('6.8.3', 'assertions are used once', { missing: noFederation }),
      asvs('6.8.4', 'the strength of a foreign log-in', { missing: noFederation }),
    ],
  },
  {
    name: 'ASVS V7 Sessions',
    requirements: [
      asvs('7.1.1', 'lives are documented', { document: 'README.md' }),
      asvs('7.1.2', 'the number of sessions is documented', { document: 'SECURITY.md' }),
      asvs('7.1.3', 'federated lives are documented', { missing: noFederation }),
      asvs('7.2.1', 'verified by the server'),
      asvs('7.2.2', 'tokens are made for the session'),
      asvs('7.2.3', '128 random bits'),
      asvs('7.2.4', 'a new session for every log-in'),
      asvs('7.3.1', 'idle sessions end'),
      asvs('7.3.2', 'no session lives for ever'),
      asvs('7.4.1', 'a log-out ends all use'),
      asvs('7.4.2', 'disabling and deleting end sessions'),
      asvs('7.4.3', 'a change of password ends the others'),
      asvs('7.4.4', 'a visible log-out', { missing: noPages }),
      asvs('7.4.5', 'administrators end sessions'),
      asvs('7.5.1', 'a full log-in before sensitive changes', {
        missing:
          'the address is a note that gives nothing, and changes with the access token alone',
      }),
      asvs('7.5.2', 'users see and end their sessions', {
        missing: 'without typing the password again',
      }),
      asvs('7.5.3', 'a step up before the most sensitive acts', {
        elsewhere: {
          file: stepUpTest,
          title: 'is free for as long after the log-in as is configured, and not a second longer',
        },
      }),
      asvs('7.6.1', 'federated sessions', { missing: noFederation }),
      asvs('7.6.2', 'no session without an act of the user'),
    ],
  },
  {
    name: 'ASVS V8 Authorisation',
    requirements: [
      asvs('8.1.1', 'rules for functions are documented', {
        document: 'conformance/api/access-table.ts',
      }),
      asvs('8.1.2', 'rules for members are documented', {
        document: 'packages/server/src/routing/schemas.ts',
      }),
      asvs('8.1.3', 'attributes of context are documented', { missing: 'none are used' }),
      asvs('8.1.4', 'thresholds of risk are documented', { missing: 'none are used' }),
      asvs('8.2.1', 'access to functions'),
      asvs('8.2.2', 'access to objects'),
      asvs('8.2.3', 'access to members'),
      asvs('8.2.4', 'adaptive controls', { missing: 'not looked at' }),
      asvs('8.3.1', 'decided by the server'),
      asvs('8.3.2', 'changes take effect at once', {
        missing:
          'services that verify by themselves go on until the token expires: there is no feed yet',
      }),
      asvs('8.3.3', 'decided on the originating subject', { missing: noGrants }),
      asvs('8.4.1', 'tenants are apart', { missing: 'there is one tenant' }),
      asvs('8.4.2', 'layers in front of administration', {
        missing: 'the device is not looked at',
        elsewhere: {
          file: stepUpTest,
          title: 'is free for as long after the log-in as is configured, and not a second longer',
        },
      }),
    ],
  },
  {
    name: 'ASVS V9 Self-contained tokens',
    requirements: [
      asvs('9.1.1', 'signatures before contents'),
      asvs('9.1.2', 'an allow-list of algorithms'),
      asvs('9.1.3', 'keys from trusted sources alone'),
      asvs('9.2.1', 'times are enforced'),
      asvs('9.2.2', 'the right kind of token'),
      asvs('9.2.3', 'the audience is checked'),
      asvs('9.2.4', 'no token for two audiences'),
    ],
  },
  {
    name: 'ASVS V10 OAuth and OpenID Connect',
    requirements: [
      asvs('10.1.1', 'tokens only where they are needed'),
      ...['1.2', '2.1', '2.2', '2.3', '3.2', '3.4', '3.5'].map((number) =>
        asvs(`10.${number}`, 'clients and resource servers', { missing: noGrants }),
      ),
      asvs('10.3.1', 'the audience is checked'),
      asvs('10.3.3', 'users are issuer and subject'),
      asvs('10.4.4', 'no implicit and no password grant'),
      asvs('10.4.5', 'replayed refresh tokens are caught'),
      asvs('10.4.8', 'refresh ends absolutely'),
      asvs('10.4.9', 'users revoke refresh tokens'),
      ...[1, 2, 3, 6, 7, 10, 11, 12, 13, 14, 15, 16].map((number) =>
        asvs(`10.4.${number}`, 'authorization server', { missing: noGrants }),
      ),
      ...['5.1', '5.2', '5.3', '5.4', '5.5', '6.1', '6.2', '7.1', '7.2', '7.3'].map((number) =>
        asvs(`10.${number}`, 'OpenID Connect and consent', { missing: noGrants }),
      ),
    ],
  },
  {
    name: 'ASVS V11 Cryptography',
    requirements: [
      asvs('11.1.1', 'a policy of keys', { document: 'SECURITY.md' }),
      asvs('11.1.4', 'a plan for quantum computers', { missing: 'not written' }),
      asvs('11.2.2', 'algorithms can be changed'),
      asvs('11.2.3', '128 bits of strength'),
      asvs('11.2.4', 'constant time', { missing: 'by construction; not measured' }),
      asvs('11.2.5', 'failures tell nothing'),
      asvs('11.3.3', 'encryption is authenticated', {
        document: 'packages/server/src/foundation/master-secret.ts',
      }),
      asvs('11.4.1', 'approved hashes', { document: 'SECURITY.md' }),
      asvs('11.4.2', 'passwords are hashed with current parameters'),
      asvs('11.5.1', '128 random bits where they count'),
      asvs('11.6.1', 'approved signatures'),
    ],
  },
  {
    name: 'ASVS V12 to V14 Communication, configuration, data',
    requirements: [
      asvs('12.1.1', 'current TLS alone', { missing: 'TLS is the proxy’s in front' }),
      asvs('13.2.3', 'no default credentials'),
      asvs('13.3.1', 'no secrets in code', {
        elsewhere: {
          file: 'packages/countersign/src/commands/start.test.ts',
          title: 'does not start with a database whose master secret is lost, or open to others',
        },
      }),
      asvs('13.3.4', 'secrets are rotated', {
        missing: 'keys are; no test of this folder shows it',
      }),
      asvs('13.4.2', 'no debugging in production'),
      asvs('13.4.4', 'no TRACE'),
      asvs('13.4.5', 'documentation and metrics are meant to be there'),
      asvs('13.4.6', 'no version in headers'),
      asvs('14.2.1', 'no secrets in URLs'),
      asvs('14.2.2', 'nothing sensitive is cached'),
      asvs('14.3.1', 'data are cleared at log-out', {
        missing: 'decided against (decisions/002): it would clear the host’s data as well',
      }),
      asvs('14.3.2', 'no-store on sensitive answers'),
    ],
  },
  {
    name: 'ASVS V15 Secure coding and architecture',
    requirements: [
      asvs('15.1.1', 'times to mend are documented', { missing: 'only the time to an answer is' }),
      asvs('15.1.2', 'a bill of materials', { missing: 'not made yet' }),
      asvs('15.1.3', 'costly functions are documented', { document: 'SECURITY.md' }),
      asvs('15.2.1', 'no outdated components', { missing: 'not checked yet' }),
      asvs('15.2.2', 'costly functions cannot exhaust the server'),
      asvs('15.3.1', 'only the needed members are answered'),
      asvs('15.3.2', 'no redirects are followed', { missing: 'no request goes out yet' }),
      asvs('15.3.3', 'no mass assignment'),
      asvs('15.3.4', 'the true address, from a trusted field'),
      asvs('15.3.5', 'strict types'),
      asvs('15.3.6', 'no prototype pollution'),
      asvs('15.3.7', 'no parameter pollution'),
      asvs('15.4.2', 'checks and acts are one'),
    ],
  },
  {
    name: 'ASVS V16 Logging and errors',
    requirements: [
      asvs('16.2.1', 'when, where, who and what'),
      asvs('16.2.2', 'times in UTC'),
      asvs('16.2.5', 'no secrets'),
      asvs('16.3.1', 'every log-in and its factor'),
      asvs('16.3.2', 'refused access'),
      asvs('16.3.3', 'attempts to get round a control'),
      asvs('16.3.4', 'unexpected failures'),
      asvs('16.4.1', 'no injection'),
      asvs('16.4.2', 'protected from changes', { missing: 'events are rows, not a chain' }),
      asvs('16.5.1', 'messages tell nothing of the inside'),
      asvs('16.5.2', 'safe when a part fails'),
      asvs('16.5.3', 'nothing fails open'),
      asvs('16.5.4', 'a last resort for failures'),
    ],
  },
  {
    name: 'JSON Web Tokens',
    requirements: [
      rfc('RFC 7515 §2', 'base64url has one spelling'),
      rfc('RFC 7515 §4', 'no header twice'),
      rfc('RFC 7515 §4.1.11', 'crit is understood or refused'),
      rfc('RFC 7517', 'the key set'),
      rfc('RFC 7518 §3.2', 'secrets of 256 bits for HS256'),
      rfc('RFC 7519 §4', 'no claim twice'),
      rfc('RFC 7519 §4.1', 'exp, nbf and iat'),
      rfc('RFC 7519 §4.1.4', 'on or after exp is too late'),
      rfc('RFC 7797 §7', 'no unencoded payload'),
      rfc('RFC 8725 §2.1', 'no confusion of algorithms'),
      rfc('RFC 8725 §3.1', 'one key, one algorithm, from an allow-list'),
      rfc('RFC 8725 §3.3', 'a JWE is no JWS'),
      rfc('RFC 8725 §3.4', 'points on the curve', { missing: 'no encrypted tokens are taken' }),
      rfc('RFC 8725 §3.5', 'keys with enough entropy'),
      rfc('RFC 8725 §3.6', 'no compression'),
      rfc('RFC 8725 §3.7', 'UTF-8'),
      rfc('RFC 8725 §3.8', 'issuer and subject'),
      rfc('RFC 8725 §3.9', 'audience'),
      rfc('RFC 8725 §3.10', 'no claim and no header is trusted'),
      rfc('RFC 8725 §3.11', 'explicit types'),
      rfc('RFC 8725 §3.12', 'each kind of token for its own purpose'),
      rfc('RFC 9068 §2.2', 'the claims of an access token'),
      rfc('RFC 9068 §4', 'how it is verified'),
      rfc('RFC 9068 §6', 'nothing personal in it'),
    ],
  },
  {
    name: 'OAuth',
    requirements: [
      rfc('RFC 6750 §2', 'one way to send a token'),
      rfc('RFC 6750 §2.1', 'the Authorization header'),
      rfc('RFC 6750 §3.1', 'the challenge'),
      rfc('RFC 8414 §2', 'metadata'),
      rfc('RFC 9700 §2.4', 'no password grant'),
      rfc('RFC 9700 §4.3.2', 'no token in a query'),
      rfc('RFC 9700 §4.13', 'proxies'),
      rfc('RFC 9700 §4.14.2', 'rotation with detection of replay'),
      rfc('RFC 9700 §4.16', 'no framing'),
      rfc('RFC 7009', 'revocation', { missing: noGrants }),
      rfc('RFC 7662', 'introspection', { missing: 'services have no credentials yet' }),
      rfc('RFC 8693', 'token exchange', { missing: noGrants }),
      rfc('RFC 9126', 'pushed requests', { missing: noGrants }),
      rfc('RFC 9207', 'the issuer in answers', { missing: noGrants }),
      rfc('RFC 9449', 'tokens bound to a key', { missing: noGrants }),
      rfc('RFC 9470', 'step up', {
        elsewhere: {
          file: stepUpTest,
          title: 'is free for as long after the log-in as is configured, and not a second longer',
        },
      }),
      rfc('RFC 9728', 'metadata of resources', { missing: noGrants }),
      rfc('OpenID CAEP 1.0', 'the feed of events', { missing: 'there is no feed yet' }),
      rfc('RFC 6238', 'one-time codes by time', {
        elsewhere: {
          file: 'packages/server/src/factors/totp.test.ts',
          title: 'is that of RFC 6238 appendix B, also beyond 32 bits of time',
        },
      }),
    ],
  },
  {
    name: 'HTTP and JSON',
    requirements: [
      rfc('RFC 6265bis §4.1.3', 'the __Host- prefix'),
      rfc('RFC 8259 §8.1', 'UTF-8 without a mark'),
      rfc('RFC 8259 §8.2', 'no lone surrogates'),
      rfc('RFC 9110 §9.3.2', 'HEAD'),
      rfc('RFC 9110 §11.1', 'schemes in any case'),
      rfc('RFC 9110 §15.5.6', '405 with Allow'),
      rfc('RFC 9112 §3.2', 'one Host'),
      rfc('RFC 9112 §6.3', 'one length'),
      rfc('RFC 9457', 'problems'),
    ],
  },
]
