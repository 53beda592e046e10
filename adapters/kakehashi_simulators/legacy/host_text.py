"""CP930 host codes of the characters that the samples use: a small table of its own, so that the gateway's cannot hide
an error in itself, and so that a machine without iconv can write host files.

Made once with `iconv -t IBM930`; a test compares it with the gateway's charset.
"""

from __future__ import annotations

__all__ = ["half930", "mixed930", "wide930"]

_WIDE_ROWS = """
□4040 あ4481 が44C0 ち4492 に4497 よ44AC り44AE る44AF ァ4347 ア4381 ィ4348 イ4382 ゥ4349 ウ4383 ェ4351 エ4384
ォ4352 オ4385 カ4386 ガ43C0 キ4387 ギ43C1 ク4388 グ43C2 ケ4389 ゲ43C3 コ438A ゴ43C4 サ438C ザ43C5 シ438D ジ43C6
ス438E ズ43C7 セ438F ゼ43C8 ソ4390 ゾ43C9 タ4391 ダ43CA チ4392 ヂ43CB ッ4356 ツ4393 ヅ43CC テ4394 デ43CD ト4395
ド43CE ナ4396 ニ4397 ヌ4398 ネ4399 ノ439A ハ439D バ43CF パ43D5 ヒ439E ビ43D0 ピ43D6 フ439F ブ43D1 プ43D7 ヘ43A2
ベ43D2 ペ43D8 ホ43A3 ボ43D3 ポ43D9 マ43A4 ミ43A5 ム43A6 メ43A7 モ43A8 ャ4353 ヤ43A9 ュ4354 ユ43AA ョ4355 ヨ43AC
ラ43AD リ43AE ル43AF レ43BA ロ43BB ワ43BC ヲ4346 ン43BD ・4345 ー4358 一4541 不46AF 世469B 丘4D56 中455C 主4762
久458A 也4749 京4575 人4593 付475D 代459A 任4A55 会45BD 住46E0 保45AA 修46DE 個49FA 健4681 備46AC 先47A2 光459E
入4665 典47C9 再48EB 冬4BDE 出459B 別46DD 勇469C 務46ED 北455A 千454C 南4559 原4574 受484C 口4588 台4778 号48E2
同466D 名45F3 告4954 和457A 国458F 坂45EC 変476F 夏497E 外4694 大455B 太45AB 央4792 委484F 子4564 学45BE 実45ED
宮4592 対4656 居485E 届4DA7 山4565 岡4572 岩45BF 岸4748 島456F 川4567 市4553 希4AB5 帯4960 年4560 幸45A9 待48A3
後45E5 恵4643 悟4AB1 愛45C6 戸45CF 戻4C44 所458C 手45CB 拓4BDB 措4A60 援4AD5 支477B 文45CA 料464E 方45CD 日4562
明45A6 星47A9 春4662 昻4F9F 更4A6D 書479D 月4561 有4685 望47BB 朝475C 期468B 木456C 本4566 杉4668 村4556 東4557
松4578 架4EE8 柄4A7F 柏4980 栄45FA 桐49C0 桜4771 梅4798 森459D 権48DC 樹46CF 橋4589 正4577 武45B1 氏488E 水459C
池45E8 沢4585 泉46EE 浜45EA 浩46EB 浪4A9D 涼4E74 清4596 済4769 渡45D2 港48C6 瀬465B 無475F 照4742 状4852 理45EB
田4563 由467C 申4967 町4555 番48B9 白4659 直4674 県4552 知45B0 石4580 確487A 秋4658 税47C4 空478D 窓4BE9 端48EF
竹45F5 籍4DFE 結46BF 絡4CE7 給4757 続47CB 緑48A5 置468C 署4C99 美457D 翔54F9 考4760 職48D7 花46D9 若46D6 茂4646
葉45F9 葵50D9 藤4568 衣4AEA 西4558 要4655 見45BB 記4794 話4750 詳4DE7 認4A7E 誠46FD 護49DB 谷4581 豊4648 象4994
資4650 転4752 載4D6E 輔4A68 返48D6 送4744 通45E3 連4754 進4669 遥6882 郎456E 里476C 野4569 閒664A 限48AD 陽47BF
隆465D 雄4570 雪49BB 雲4ABC 電4582 霧4E48 青464C 静4644 香46BD 鳥4779 鷹4B7A （424D ）425D －4260 ０42F0 １42F1
２42F2 ３42F3 ４42F4 ５42F5 ６42F6 ７42F7 ８42F8 ９42F9 Ａ42C1 Ｂ42C2 Ｃ42C3 Ｄ42C4
"""
_HALF_CHARS = (
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz"
    "｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ"
)
_HALF_CODES = bytes.fromhex(
    "405A7F7BE06C507D4D5D5C4E6B604B61F0F1F2F3F4F5F6F7F8F97A5E4C7E6E6F7CC1C2C3C4C5C6C7C8C9D1D2D3D4D5D6D7D8"
    "D9E2E3E4E5E6E7E8E9626364656667686971727374757677788B9BABB3B4B5B6B7B8B9414243444546474849515253545556"
    "588182838485868788898A8C8D8E8F909192939495969798999A9D9E9FA2A3A4A5A6A7A8A9AAACADAEAFBABBBCBDBEBF"
)
_WIDE = {("\u3000" if row[0] == "□" else row[0]): bytes.fromhex(row[1:]) for row in _WIDE_ROWS.split()}
_HALF = dict(zip(_HALF_CHARS, _HALF_CODES, strict=True))
_SPACE = b"\x40"
_WIDE_SPACE = b"\x40\x40"
_SHIFT_OUT, _SHIFT_IN = b"\x0e", b"\x0f"


def half930(text: str, size: int) -> bytes:
    """Half-width text, filled with spaces. Raises KeyError for a character that the table lacks."""
    return bytes(_HALF[char] for char in text).ljust(size, _SPACE)


def wide930(text: str, size: int) -> bytes:
    """Full-width text without shift codes 「シフトコードなし」, filled with ideographic spaces."""
    raw = b"".join(_WIDE[char] for char in text)
    return raw + _WIDE_SPACE * ((size - len(raw)) // 2)


def mixed930(text: str, size: int) -> bytes:
    """Full-width text between shift-out and shift-in, filled with half-width spaces; blank text has no shifts."""
    if not text:
        return _SPACE * size
    return (_SHIFT_OUT + b"".join(_WIDE[char] for char in text) + _SHIFT_IN).ljust(size, _SPACE)
