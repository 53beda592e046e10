"""Headings and sentences of the commands in Japanese. JSON keys stay English: programs read them."""

from __future__ import annotations

__all__ = ["word"]


def _table(text: str) -> dict[str, str]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return {english.strip(): japanese.strip() for english, japanese in rows}


_JAPANESE = _table("""
Rehearsal | リハーサル
step | 手順
who | 担当
unmet | 相違
steps | 手順数
expectations | 期待項目
failed | 不合格
passed | 合格
open | 未実施
report | 報告書
archive | 証跡
about | 対象
accepted | 受理
argument | 引数
check | 確認項目
consumers | 取得側
messages | 電文数
Queues | キュー
Versions | 版の一覧
Findings | 照合結果
Refused, by code and item | 却下(コード・項目別)
Layouts that change within 60 days | 60日以内に変わるレイアウト・コードマスタ
day | 適用日
change | 変更
routes | 経路
past | 適用済み
breaks | 影響
row | 行
layouts | レイアウト数
masters | コードマスタ数
special days | 暦の例外
changed | 変更
findings | 指摘数
breaking | 影響あり
asked last | 最終確認
version now | 現行版
version then | 次の版
refused now | 現行版の却下
refused then | 次の版の却下
newly refused | 新たに却下
now | 現行
then | 次
route | 経路
The server was not asked yet: `kakehashi versions fetch` asks it. | まだ配信内容を取得していません。`kakehashi versions fetch` で取得できます。
Ready | 稼働可否
ready | 可否
action | 処理
adds up | 照合
alarm | 警報
alarms | 警報
A withdrawal has no bytes of its owner. | 副本の取消しには元データがありません。
Alarms | 警報
answered | 回答
as of | 基準日時
at | 日時
attempts | 送信回数
batch | バッチ
Batches | バッチ
because | 理由コード
batches | バッチ数
by | 決定者
By cause | 原因別
byte | バイト位置
bytes | バイト数
Cancelled | 取消しの指示
Would be cancelled | 取消しの対象
cancelling | 取消し理由
Inquiries by outcome | 照会結果別件数
outcome | 照会結果
outcomes | 照会結果
No inquiry of that name is under way. | 該当する処理中の照会はありません。
Sent again | 再照会の結果
Would be sent again | 再照会の対象
There is no such file of inquiries. | 該当する照会ファイルはありません。
Dead letters | 読めない電文
letters | 電文数
Candidates | 縮退候補
character | 文字
Characters | 文字
code | コード
checked with | 検証時の設定
configuration | 設定
corrected | 訂正
corrected items | 訂正項目
Decisions | 判断
difference | 差異
Differences | 差異
discarded | 破棄
dry run | 対象件数(未実行)
due | 次回
Error codes | エラーコード
done | 処理済み
event | イベント
exported | 出力
examined | 試行件数
example | 例
Events | イベント
exception | 例外
fields | 項目
file | ファイル
file id | ファイルID
Files | ファイル
Files that were not taken | 受け付けていないファイル
files | ファイル数
first | 初回
first record | 先頭レコード
from | 元の文字
household | 世帯の未処理記録
Held files and parked batches | 保留中のファイルとバッチ
id | ID
Nothing was done: --yes does it. | 実行していません。--yes を付けると実行します。
It is decided already. | すでに判断済みです。
in flight | 送信中
item | 項目
items | 項目
known | 登録済み
lane | レーン
lanes | レーン数
limit | 閾値
Lanes | レーン
last | 最終
left in flight | 対象外(送信中)
left newer | 対象外(抽出後の更新)
left surplus | 対象外(余剰)
left unclear | 対象外(抽出に読めないレコードあり)
level | 重要度
Lost | 失われた文字
masked | マスク
meaning | 意味
message | 電文
Messages to the server | サーバーへの電文
More would be withdrawn than --withdraw allows: nothing was repaired. | 取消し件数が --withdraw の上限を超えるため、修復していません。
most | 上限
name | 名称
No difference. | 差異はありません。
no | 番号
Not accepted, by cause | 受理されていないもの(原因別)
Nothing is known by that name. Use F<file>, B<batch> or E<record>. | 該当がありません。F<ファイル>、B<バッチ>、E<レコード>で指定してください。
Nothing is known by that name. Use F<file>, B<batch>, E<exception> or a request id. | 該当がありません。F<ファイル>、B<バッチ>、E<例外>または要求IDで指定してください。
Nothing is different. | 変更がありません。
Nothing was compared. | 突合していません。
Nothing of that choice is open. | 条件に該当する未処理のものはありません。
number | 値
oldest waiting | 最古の待機
order | 指図
Orders | 一括指図
Stopped | 提供停止・ロック
at server | サーバー反映
Disclosed | 提供記録
info name | 特定個人情報名
It is not stopped in this way. | その方法では停止されていません。
key | 対象
layout | 版
lifted | 解除
lifted by | 解除者
lift reason | 解除理由
links | 紐付け数
means | 手段
minutes waiting | 未反映(分)
new | 新規
reference | 参照
replicas | 副本
standing | 継続中
Not known here: replicas that systems registered through the relay. | 電文中継による副本登録は本システムでは分かりません。
Incomplete: the server could not be asked (TKM-501). Missing is what other bodies got by automatic answer, and what went through the relay. | 不完全な一覧です。中間サーバーに照会できませんでした(TKM-501)。自動応答による他機関への提供と電文中継によるものが含まれていません。
Not known here: what other bodies got by automatic answer (the server tells it by person, TKM-501), what went through the relay. | 自動応答による他機関への提供(中間サーバーでは対象者ごとに照会、TKM-501)と電文中継によるものは本システムでは分かりません。
Records of exchanges | 情報提供等記録
Decisions about records | 記録の不開示設定
counterpart | 相手機関
record id | 記録ID
withheld | 不開示理由
outcome | 見込み
per second | 毎秒件数
placed | 指図日時
place | 場所
original | 先のファイル
person | 統合宛名番号
Places | 位置
rank | 順位
reason | 理由
receipt | 受付番号
received | 受付
record | レコード
Records | レコード
records | レコード数
Records that were not accepted | 受理されていないレコード
refused | 却下
request id | 要求ID
retried | 再処理
retries | 再処理元
seconds | 所要秒数
seen | 検出
segment | 区分
selected | 対象件数
send again | 再送
sent | 送信
server | 中間サーバー
server code | サーバーのコード
sha256 | SHA-256
since | 発生
size | バイト数
state | 状態
stop reason | 停止理由
stopped | 停止
stopped by | 停止者
still unknown | 未登録のまま
substitute | 代替文字
system | システム
There is no open order of that name. | 該当する実行中の指図はありません。
There is no such file. | 該当するファイルはありません。
times | 回数
to | 候補
total | 合計
to code | 候補のコード
waiting | 待機
unit | 単位
what | 種別
What would become of them | 再処理した場合の見込み
what to do | 対処
What happened to the record | レコードの経過
acquisitions | 件数
abandoned | 取下げ
begun | 開始
expires | 有効期限
gateway | 本システム
handed over | 引継済
network | 住基ネット・情報提供NWS
operator | 運用者
parked | 保留
person | 対象者
persons | 対象者数
registry | 既存住基
Symbols | 符号取得
Symbols are not acquired: [symbols] acquire is off. | 符号取得は無効です([symbols] acquire = off)。
Nobody is known under this number. | この番号の対象者は登録されていません。
terminal | 統合端末
whose move | 次の対応者
why | 詳細
decided | 判断
last written | 最終書出し
minutes behind | 遅延(分)
oldest | 最古
untaken | 未取得
unwritten | 未書出し
void | 無効
pending | 未通知
subscribed | 配信対象
withdraw | 取消し
alone | 単独
asked | 確認待ち
atena | 宛名番号
before | 紐付済み
cause | 事由
Changed | 変更
claimed | 主張された統合宛名番号
Claims | 確認対象
compared | 照合数
Compared again | 再照合
Conflicts | 矛盾
count | 件数
Coverage | 紐付け率
decision | 判断
differs | 不一致項目
disclosure | 開示区分
ended | 終了
fault | 問題
frozen | 凍結
guesses | 推定
History | 履歴
kept | 存続番号
kind | 種別
Left in peace after failures | 障害後の送信停止
linked | 紐付け
Looked at | 閲覧
made | 作成
Matched | 名寄せ
Merges | 番号統合
next step | 次の手順
notice | 通知
Notices | 宛名通知
numbers | 番号
oldest unlinked | 最古の未紐付け
percent | 割合(%)
queue | キュー
record types | レコード種別
recorded | 記録
retired | 廃止番号
same | 一致
serial | 通番
spool | スプール
taken | 取得済み
Taken in again | 再受付
undone | 取消し
undone by | 取消者
undone reason | 取消理由
unified | 団体内統合宛名番号
unknown | 不明
Unknown files of the spool | スプールの不明ファイル
unlinked | 未紐付け
Unlinked | 未紐付け
until | 終了日
written | 書出し
affair | 事務
asked | 照会日時
deadline | 回答期限
denial | 不提供理由
department | 判断部署
hours left | 残り時間
information | 特定個人情報名
persons needed | 必要人数
persons to deny | 不提供の必要人数
persons to permit | 提供の必要人数
procedure | 事務手続
protected | 支援措置・不開示
provision | 情報提供
Provisions | 情報提供
requester | 照会機関
Steps | 経過
There is no such inquiry. | 該当する照会がありません。
unit | 対象年度・基準日
verdict | 可否
""")


def word(english: str, lang: str) -> str:
    """`english` as it stands where it has no other form in `lang`."""
    return _JAPANESE.get(english, english) if lang == "ja" else english
