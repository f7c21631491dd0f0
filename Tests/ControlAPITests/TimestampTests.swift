import Testing

@testable import ControlAPI

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (1_795_313_208, "2026-11-22T02:06:48Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"), (951_868_800, "2000-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-9_214_560_000, "1678-01-01T00:00:00Z"),
        ])
    func `seconds and their text are each other's reverse`(seconds: Int64, text: String) {
        #expect(Timestamp.text(seconds * 1_000_000_000) == text)
        #expect(Timestamp.parse(text) == seconds * 1_000_000_000)
    }

    @Test func `what is below a second is left out, towards the past`() {
        #expect(Timestamp.text(1_999_999_999) == "1970-01-01T00:00:01Z")
        #expect(Timestamp.text(-1) == "1969-12-31T23:59:59Z")
    }

    @Test func `a day is the front of its times`() {
        #expect(Timestamp.day(951_782_400_000_000_000) == "2000-02-29")
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:01.5Z", 1_500_000_000), ("1970-01-01t00:00:00.000000001z", 1),
            ("1970-01-01T00:00:00.1234567899Z", 123_456_789), ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31 23:30:00-00:30", 0),
        ] as [(String, Int64)])
    func `fractions, offsets and small letters are read`(text: String, time: Int64) {
        #expect(Timestamp.parse(text) == time)
    }

    @Test(
        arguments: [
            "", "1970", "1970-01-01", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "2001-02-29T00:00:00Z",
            "1970-01-32T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00Zx", "1677-12-31T00:00:00Z", "2262-01-01T00:00:00Z",
        ])
    func `what is no such time is refused`(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
