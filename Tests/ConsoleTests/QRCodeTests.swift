import ControlAPI
import Testing

@testable import Console

@Suite struct QRCodeTests {
    @Test func `a link becomes a code with its three corners, the same each time`() throws {
        let code = try #require(QRCode("sftp://sync@192.168.1.20:2222/"))
        #expect((code.size - 17) % 4 == 0 && code.isDark.count == code.size * code.size)
        // The finder patterns (ISO/IEC 18004): a dark frame of seven around a light one around a dark square.
        let finder = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]
        for (row, column) in [(0, 0), (0, code.size - 7), (code.size - 7, 0)] {
            let found = (0..<7).map { y in
                (0..<7).map { x in code.isDark[(row + y) * code.size + column + x] ? "#" : "." }.joined()
            }
            #expect(found == finder)
        }
        #expect(code == QRCode("sftp://sync@192.168.1.20:2222/"))
        #expect(QRCode(String(repeating: "x", count: 5_000)) == nil)
    }

    @Test func `two rows of modules are one line, light ones drawn, with a border of four`() {
        let code = QRCode(size: 3, isDark: [true, false, true, true, true, false, false, false, true])
        let lines = code.lines(isStyled: false).split(separator: "\n")
        let border = String(repeating: "█", count: 11)
        #expect(lines.count == 6 && lines.allSatisfy { $0.count == 11 })
        #expect(lines[0] == border && lines[1] == border)
        // Rows 0 and 1: dark over dark, light over dark, dark over light.
        #expect(lines[2] == "████ ▀▄████")
        // Row 2 and the border below: light, light and dark over light.
        #expect(lines[3] == "██████▄████")
        #expect(lines[5] == String(repeating: "▀", count: 11))
        #expect(code.lines(isStyled: true).hasPrefix("\u{1B}[40;97m█"))
    }

    @Test(arguments: [
        (["pi", "192.168.1.20"], "sync", "sftp://sync@192.168.1.20:2222/"), (["pi"], "sync", "sftp://sync@pi:2222/"),
        (["fd00::5"], "a b@c", "sftp://a%20b%40c@[fd00::5]:2222/"),
        (["pi.home", "10.0.0.1"], "x", "sftp://x@pi.home:2222/"),
    ])
    func `the link names the first address that a phone can use`(hosts: [String], user: String, link: String) {
        let connection = InviteResponse.Connection(
            user: user, hosts: hosts.map { InviteMessage.Host(host: $0, port: 2222) }, fingerprint: "", key: "secret")
        #expect(connection.link == link)
    }
}
