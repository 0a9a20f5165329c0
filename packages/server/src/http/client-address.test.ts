import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { normalizeAddress, resolveClientAddress, toLimitKey } from './client-address.ts'
import { createSource } from './source.fixture.ts'

function resolve(
  trustedProxies: number,
  forwarded: string | undefined,
  direct = '10.0.0.1',
): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return resolveClientAddress(createSource({ headers, remoteAddress: direct }), trustedProxies)
}

describe('the client address', () => {
  test('is the socket’s and nothing else without trusted proxies', () => {
    assert.equal(resolve(0, '203.0.113.9'), '10.0.0.1')
    assert.equal(resolve(0, undefined), '10.0.0.1')
    for (const header of ['forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip']) {
      const source = createSource({
        headers: { [header]: '203.0.113.9' },
        remoteAddress: '10.0.0.1',
      })
      assert.equal(resolveClientAddress(source, 0), '10.0.0.1')
      assert.equal(resolveClientAddress(source, 1), '10.0.0.1')
    }
  })

  test('is one for all callers whose address is not known', () => {
    assert.equal(resolveClientAddress(createSource(), 0), 'unknown')
    assert.equal(resolveClientAddress(createSource(), 1), 'unknown')
  })

  test('is what the trusted proxies wrote, and never what the caller wrote to the left of it', () => {
    assert.equal(resolve(1, '203.0.113.9'), '203.0.113.9')
    assert.equal(resolve(1, '127.0.0.1, 203.0.113.9'), '203.0.113.9')
    assert.equal(resolve(2, '127.0.0.1, 203.0.113.9, 10.0.0.2'), '203.0.113.9')
    assert.equal(resolve(3, '203.0.113.9, 10.0.0.3, 10.0.0.2'), '203.0.113.9')
    assert.equal(resolve(10, '203.0.113.9, 10.0.0.2'), '203.0.113.9')
  })

  test('is the address alone where a proxy writes the port beside it, as some do', () => {
    assert.equal(resolve(1, '203.0.113.9:50001'), '203.0.113.9')
    assert.equal(resolve(1, '198.51.100.7, 203.0.113.9:50001'), '203.0.113.9')
    assert.equal(resolve(1, '[2001:DB8::1]:50001'), '2001:db8::1')
    assert.equal(resolve(1, '[2001:db8::1]'), '2001:db8::1')
    assert.equal(resolve(1, '[fe80::1%eth0]:50001'), 'fe80::1')
    assert.equal(resolve(1, '[::ffff:203.0.113.9]:50001'), '203.0.113.9')
    assert.equal(resolve(2, '203.0.113.9:50001, 10.0.0.2:443'), '203.0.113.9')
    // Written without brackets, the last group is no port.
    assert.equal(resolve(1, '2001:db8::1:443'), '2001:db8::1:443')
  })

  test('takes no longer for an entry that only begins like an address with a port', () => {
    // Eight times the longest header: what takes the square of its length takes seconds for it.
    const entry = `[${':'.repeat(131_072)}`
    const before = performance.now()
    assert.equal(resolve(1, entry), '10.0.0.1')
    assert.ok(performance.now() - before < 1_000)
  })

  test('stops at the first entry from the right that is no address', () => {
    const hostile = [
      '',
      ',',
      ' , ,',
      'unknown',
      '_hidden',
      '203.0.113.9:',
      '203.0.113.9:port',
      '203.0.113.9:443:443',
      '203.0.113.9:1234567',
      '[203.0.113.9]',
      '[2001:db8::1',
      '2001:db8::1]:443',
      '[2001:db8::1]443',
      '[[2001:db8::1]]',
      '203.0.113',
      '0x7f.1',
      '010.0.0.9',
      '2001:db8::1::2',
      'for=203.0.113.9',
      '203.0.113.9"',
      '\t\u0000',
      'localhost',
      ','.repeat(8000),
    ]
    for (const forwarded of hostile) {
      assert.equal(resolve(1, forwarded), '10.0.0.1', JSON.stringify(forwarded.slice(0, 40)))
      assert.equal(resolve(1, `203.0.113.9, ${forwarded}`), '10.0.0.1')
      assert.equal(resolve(2, `203.0.113.9, ${forwarded || 'x'}`), '10.0.0.1')
      assert.equal(resolve(2, `203.0.113.9, ${forwarded || 'x'}, 10.0.0.2`), '10.0.0.2')
    }
  })

  test('cannot be chosen by the caller, however the header is filled', () => {
    const entry = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('', 'unknown', ','))
    const proxies = fc.integer({ min: 0, max: 3 })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), proxies, (spoofed, trusted) => {
        // Each proxy appends the address of whom it heard: the caller, then the other proxies.
        const written = ['198.51.100.7', '10.0.0.3', '10.0.0.2'].slice(0, trusted)
        const direct = trusted === 0 ? '198.51.100.7' : '10.0.0.1'
        const header = [...spoofed, ...written].join(', ')
        assert.equal(resolve(trusted, header, direct), '198.51.100.7')
      }),
    )
  })
})

describe('an address in its one spelling', () => {
  test('is the IPv4 address where IPv6 only wraps one, however that is written', () => {
    assert.equal(normalizeAddress('::ffff:1:2'), '0.1.0.2')
    const spellings = [
      '::ffff:203.0.113.9',
      '::FFFF:203.0.113.9',
      '::ffff:cb00:7109',
      '0:0:0:0:0:ffff:cb00:7109',
      '0000:0000:0000:0000:0000:ffff:203.0.113.9',
      '::ffff:203.0.113.9%eth0',
    ]
    for (const spelling of spellings) {
      assert.equal(normalizeAddress(spelling), '203.0.113.9', spelling)
      assert.equal(resolve(1, spelling), '203.0.113.9', spelling)
    }
    fc.assert(
      fc.property(fc.ipV4(), (ipv4) => {
        assert.equal(normalizeAddress(`::ffff:${ipv4}`), ipv4)
        const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
        const inHex = `::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
        assert.equal(normalizeAddress(inHex), ipv4)
      }),
    )
  })

  test('is the shortest of IPv6, in lower case and without a zone', () => {
    assert.equal(normalizeAddress('2001:0DB8:0:0:0:0:0:1'), '2001:db8::1')
    assert.equal(normalizeAddress('fe80::1%eth0'), 'fe80::1')
    assert.equal(normalizeAddress('::'), '::')
    // Ends like a wrapped IPv4 address and is none.
    assert.equal(normalizeAddress('1::ffff:203.0.113.9'), '1::ffff:cb00:7109')
    assert.equal(normalizeAddress('::fffe:203.0.113.9'), '::fffe:cb00:7109')
  })

  test('leaves everything else as it is', () => {
    for (const address of ['203.0.113.9', 'unknown', '']) {
      assert.equal(normalizeAddress(address), address)
    }
  })

  test('is the same however the eight groups are written', () => {
    fc.assert(
      fc.property(ipv6Groups(), (groups) => {
        const padded = groups.map((group) => group.toString(16).padStart(4, '0'))
        const plain = groups.map((group) => group.toString(16).toUpperCase())
        const normal = normalizeAddress(padded.join(':'))
        assert.equal(normalizeAddress(plain.join(':')), normal)
        assert.equal(normalizeAddress(normal), normal)
      }),
    )
  })
})

describe('what limits count by', () => {
  test('is an IPv4 address as it is', () => {
    assert.equal(toLimitKey('203.0.113.9'), '203.0.113.9')
    assert.equal(toLimitKey('unknown'), 'unknown')
  })

  test('is one key for all 2^64 addresses of a customer’s /64, and another for the next', () => {
    fc.assert(
      fc.property(ipv6Groups(), ipv6Groups(), (one, other) => {
        const sameNetwork = [...one.slice(0, 4), ...other.slice(4)]
        const key = keyOf(one)
        if (key.includes(':')) {
          assert.equal(
            key,
            `${one
              .slice(0, 4)
              .map((group) => group.toString(16))
              .join(':')}::/64`,
          )
        }
        if (!isMapped(one) && !isMapped(sameNetwork)) assert.equal(keyOf(sameNetwork), key)
        const next = [...one.slice(0, 3), ((one[3] ?? 0) + 1) % 65_536, ...one.slice(4)]
        assert.notEqual(keyOf(next), key)
      }),
    )
  })

  test('does not throw all IPv4 callers together when a proxy writes them as IPv6', () => {
    const first = toLimitKey(normalizeAddress('::ffff:cb00:7109'))
    assert.notEqual(toLimitKey(normalizeAddress('::ffff:cb00:710a')), first)
    assert.equal(first, toLimitKey('203.0.113.9'))
  })
})

function ipv6Groups(): fc.Arbitrary<number[]> {
  const group = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff }))
  return fc.array(group, { minLength: 8, maxLength: 8 })
}

function keyOf(groups: readonly number[]): string {
  return toLimitKey(normalizeAddress(groups.map((group) => group.toString(16)).join(':')))
}

function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
}
