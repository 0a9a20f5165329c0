/** Some of the passwords of eight characters or more that stand first in every published list of leaked ones. */
export const wellKnownPasswords: readonly string[] = `
password 12345678 123456789 1234567890 qwertyuiop password1 iloveyou sunshine princess football
baseball superman trustno1 starwars whatever computer corvette mercedes michelle jennifer
jordan23 11111111 88888888 00000000 87654321 987654321 1q2w3e4r 1qaz2wsx q1w2e3r4 zaq12wsx
qwerty123 qwerty12 qwerty123456 1q2w3e4r5t 1qaz2wsx3edc asdfghjkl zxcvbnm123 abcd1234 abc12345 a1b2c3d4
password123 password12 passw0rd p@ssw0rd password! letmein1 welcome1 changeme iloveyou1 iloveyou2
football1 baseball1 princess1 sunshine1 butterfly chocolate liverpool elizabeth alexander christopher
nicholas victoria samantha danielle benjamin jonathan michael1 jessica1 charlie1 freedom1
blink182 metallica nirvana1 slipknot eminem123 spiderman batman123 pokemon1 dragon12 monkey12
master12 shadow12 hello123 test1234 testtest asdf1234 qazwsxedc 123qweasd qweasdzxc 1234qwer
123123123 12341234 11223344 12121212 55555555 66666666 99999999 147258369 123654789 159753456
startrek scooter1 wildcats cowboys1 redskins yankees1 lakers24 arsenal1 chelsea1 barcelona
realmadrid juventus1 internet midnight brooklyn hercules dolphins lovelove babygirl beautiful
`
  .trim()
  .split(/\s+/)
