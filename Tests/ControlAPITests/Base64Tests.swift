import ControlAPI
import Testing

struct Base64Tests {
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func `the vectors of RFC 4648`(plain: String, text: String) {
        #expect(Base64.text(Array(plain.utf8)) == text)
        #expect(Base64.urlText(Array(plain.utf8)) == text.filter { $0 != "=" })
    }
    @Test func `the alphabet for URLs has no slash and no plus`() {
        #expect(Base64.text([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.urlText([0xFB, 0xFF]) == "-_8")
    }

    @Test func `what is no base64 is not read`() {
        #expect(Base64.bytes("Zm8=") == [0x66, 0x6F])
        for text in ["Zm8", "Zm8!", "-_8="] { #expect(Base64.bytes(text) == nil) }
        #expect(Base64.unpadded([0x66]) == "Zg")
    }
}
