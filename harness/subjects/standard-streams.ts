/** Node makes these on first touch, net.Socket#_destroy among the touchers: with piped stdio that would be a new handle in mid-work (facts.md). */
export function touchStandardStreams(): void {
  void process.stdin
  void process.stdout
  void process.stderr
}
