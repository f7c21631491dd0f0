@testable import Simulator
import Testing

/// Histories that failed once, shrunk. What a step does comes from its seed and from the users' repertoire: a change there makes them other
/// histories, as good as any.
struct RegressionTests {
    private func replay(_ text: String) throws {
        _ = try Simulation.run(#require(History(text)))
    }

    @Test func `what moved under another name of its directory while events were lost is not deleted`() throws {
        try replay(
            """
            turns 3
            0 interlope 14309557993564856863
            2 user 4936876546074933324
            2 overflow 902733754598117310
            """)
    }

    @Test func `a file that was created and deleted before the answer came does not come back`() throws {
        try replay(
            """
            chaos 2
            0 user 9975589242796228917
            0 crashSoon 10086252711061527218
            0 user 12903892976945493133
            0 all 10464382492578380160
            """)
    }

    @Test func `a move that a crash interrupted is sent`() throws {
        try replay(
            """
            apart 3
            2 user 12992620826979335901
            0 quiesce 8868217544534035965
            0 user 8451694269186825324
            0 crashSoon 5541446645271600595
            """)
    }

    @Test func `a directory that was placed before a crash is the hub's, though it moved there since`() throws {
        try replay(
            """
            alone 3
            0 user 8137739692949245082
            0 sync 17274861775186313377
            2 crashSoon 5637281871169149811
            0 user 15719896668716172550
            """)
    }

    @Test func `what a user makes of names that change case and kind arrives`() throws {
        try replay(
            """
            alone 2
            0 user 8137739692949245082
            0 sync 17274861775186313377
            0 crashSoon 2682119791797282615
            0 user 15719896668716172550
            0 sync 12941818624778632945
            0 user 6206254632933421751
            0 sync 351262127061962806
            0 user 12680665731552090197
            0 user 2997208741684789007
            0 user 17164175752686818183
            """)
    }

    @Test func `a directory is still there when its disk is back`() throws {
        try replay(
            """
            alone 2
            0 user 838384424737106409
            0 sync 3907387310136415375
            1 sync 475346377239744902
            1 unmount 18336135316922928560
            """)
    }

    @Test func `a file that moved before its disk went away is found when it is back`() throws {
        try replay(
            """
            apart 2
            1 user 7501200582745617604
            0 quiesce 17491863095355776702
            0 user 11617215305856184071
            0 unmount 8653942921037626141
            """)
    }

    @Test func `a file that was made after its disk came back is sent`() throws {
        try replay(
            """
            turns 2
            0 unmount 9365620015834257100
            0 user 11430330407885900786
            """)
    }

    @Test func `an inode that was used again in a crash does not make a new directory a moved one`() throws {
        try replay(
            """
            alone 2
            0 user 15686531438038404559
            0 unmount 8155606576570110789
            0 interlope 10364545084623149801
            0 user 13531793369432842772
            0 user 1696001726565057324
            0 user 7174287955972652987
            0 sync 9031896773039911517
            1 sync 1542038913053244675
            0 user 18289605035432106586
            0 interlope 13337945416177233161
            1 crashSoon 8746351498372102865
            """)
    }

    @Test func `a file that was moved and rewritten before a crash is not its user's`() throws {
        try replay(
            """
            alone 3
            0 user 15181513226710856427
            0 sync 7036504066581336761
            0 user 18366104400163449239
            2 sync 5211134563164038169
            0 pass 2269345486169399847
            0 user 2182209998256305295
            0 user 1250612476755311169
            0 user 8665269337461477770
            0 all 10878357136518495694
            0 user 5168056606514203039
            0 user 15913062216054840167
            2 crashSoon 9658809486264549124
            """)
    }

    @Test func `what lay in the share before an edit is no answer to the edit when a start finds both undone`() throws {
        try replay(
            """
            starts 4
            3 user 13450811698899492124
            3 hubDies 5663103808358881348
            2 hubDies 5627991814856319729
            0 phone 6558656983442444736
            3 user 6876298528227458188
            3 sync 1663924727995479872
            0 sync 2317323059770418608
            0 user 12775153153863217162
            0 sync 5795422285508760793
            """)
    }

    @Test func `a touch between two looks at the bytes is seen`() throws {
        try replay(
            """
            chaos 2
            1 user 11799264160592690804
            1 all 2349475351952286849
            1 user 11475609061272264799
            1 unmount 14415407157573554712
            """)
    }

    @Test func `a directory that was made anew with the inode of the old one is watched`() throws {
        try replay(
            """
            alone 2
            0 user 9864458005714354953
            0 user 6190301539764782503
            0 look 4562960902623519171
            0 user 12961925264980287213
            0 user 17766500192114330249
            0 user 11206805425810014270
            0 user 9573805652227624227
            0 user 4263338178195918509
            0 user 10686013208418121207
            """)
    }

    @Test func `a directory is deleted together with what was moved into it while the answer was on its way`() throws {
        try replay(
            """
            alone 2
            0 user 942670459565126010
            0 user 16358433259989481466
            0 user 9764049070083891982
            0 interlope 11520205904824006626
            0 user 1854507070837465309
            0 pass 11383391153900630215
            0 draft 7127341845113655181
            0 user 17538198432212422046
            """)
    }

    @Test func `a file that had taken another's name before a crash is not that other's edit`() throws {
        try replay(
            """
            alone 3
            0 user 15384668733992608200
            0 user 3304615701322817205
            0 sync 15454152157484043946
            0 user 4415819046006012003
            2 crashSoon 742031762757663517
            0 all 12534570729826567656
            0 user 14832539184889591378
            0 all 11614127467021438000
            0 user 13947917535587799052
            2 sync 11308536661704029790
            """)
    }

    @Test func `what somebody is still writing in the share is not taken in because its name is to go`() throws {
        try replay(
            """
            clocks 3
            2 phone 17141203365395594701
            1 exile 8278990048581235089
            1 phoneBegins 2501257772650272531
            1 exile 2603468451138891481
            """)
    }

    @Test func `a file from before the clock was set back goes where it should`() throws {
        try replay(
            """
            clocks 2
            1 phone 476496145246849261
            0 hubSettle 5772164545846489006
            1 all 1629161445198089280
            1 interlope 15641456584766396706
            1 clockJump 14802145776129121722
            """)
    }

    @Test func `what a process had placed before it died is durable before it counts as agreed`() throws {
        try replay(
            """
            alone 2
            0 sync 3922266092407881089
            0 phone 7127982695122266382
            1 phoneBegins 1663083671690003883
            0 phoneEnds 10947108353655763201
            1 phoneInterlopes 6381664410711706240
            0 crashSoon 8928413483526066280
            0 agentPowerCut 293400687366698010
            """)
    }

    @Test func `who comes back from where nobody waited for it has missed tombstones, and no promise is broken`() throws
    {
        try replay(
            """
            apart 2
            0 phone 9312568711021071893
            0 quiesce 15558910869301321541
            1 exile 13638775903162339549
            1 online 2921827827870326881
            1 collect 4803723205875357870
            """)
    }
}
