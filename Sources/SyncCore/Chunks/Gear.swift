/// The random word that each byte value adds to a gear hash (Xia et al., FastCDC, 2020, section 3.2): ours are the first 256
/// of SplitMix64 from zero, so that every machine cuts alike. Never to be changed: chunk lists of stored contents are made
/// with it.
enum Gear {
    static let words: [UInt64] = {
        var state: UInt64 = 0
        return (0..<256).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }()
}
