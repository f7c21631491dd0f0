import Testing

@testable import Simulator

/// Histories that failed around what the guard had held and a person decided, around a death while placing, and around a look
/// that a disk refused.
struct HeldAndRefusedTests {
    @Test func `an edit of what was rejected meanwhile does not replace what others made there`() throws {
        try replay(
            """
            held 2
            1 user 7587873359424055612
            1 user 2026082638366648495
            1 sync 12339403933191405983
            0 sync 13773875131081634682
            1 phone 17824306493860775473
            0 user 922272884386649581
            0 user 8869135938978850093
            0 user 686746602236806378
            0 sync 6164569529948114485
            1 hubSettle 8882073602474408568
            0 user 17320560785351369188
            0 reject 5752884239009356047
            """)
    }

    @Test func `what a rejection displaced is kept when the hub dies in that step`() throws {
        try replay(
            """
            held 3
            0 user 1473922272511494256
            2 user 7373765214510799896
            0 user 17534746022436926162
            0 quiesce 6765016198823746681
            1 user 17658217208255812128
            0 quiesce 9960131779350582875
            1 user 7369160615032273186
            1 user 18092842700454103521
            1 user 4384804569551332933
            1 hubCrashSoon 4623993200243422596
            0 user 7733275662513787312
            0 sync 13148791300117346679
            0 reject 13716605389001184643
            """)
    }

    @Test func `what was placed before a death is no edit`() throws {
        try replay(
            """
            starts 3
            0 user 14727086183804891583
            0 quiesce 6406030620971068524
            0 user 13108656570650332969
            0 sync 12791526394487014542
            2 diePlacing 15765754718416991221
            2 user 7164510580006390706
            2 user 5856308585386729103
            2 sync 9667280153619874814
            1 diePlacing 3033024713242981312
            2 user 12570853391566321040
            2 sync 6279045290418179874
            """)
    }

    @Test func `a name that could not be examined is looked for where its directory is moved to`() throws {
        try replay(
            """
            failing 2
            1 user 11840375185477478056
            0 user 9135578099069012441
            0 quiesce 7264714720885829527
            0 phone 8564865008837978362
            1 user 10569850632160766941
            0 quiesce 3327903616101374033
            0 user 16909041910161692625
            1 user 14909615718472076667
            1 user 6358002003898884133
            0 sync 11657955308659809152
            1 failTree 16101182122189264906
            1 sync 14315425881796248335
            """)
    }

    @Test func `what was placed and could not be seen at the first look is not taken for the user's`() throws {
        try replay(
            """
            failing 2
            0 user 6545068097716046065
            1 user 12465397366058588288
            0 quiesce 17789831970002048669
            1 user 8557933291654128106
            0 user 12321060718078761493
            1 interlope 15517686182623585794
            1 crash 2129816322210023574
            0 crashSoon 7987189645978581074
            0 phone 11846006876210661750
            0 user 13848622822647843689
            1 failCommits 15585289344640297385
            1 user 3310829674288496155
            1 crashSoon 10065255749566969877
            0 failTree 14680037656873300916
            0 sync 5172781726581104477
            0 phone 16203512580524792067
            0 failCommits 13655938296086714201
            0 crashSoon 10456694795185727117
            0 sync 1069594037999766434
            """)
    }

    private func replay(_ text: String) throws { try Simulation.run(#require(History(text))) }
}
