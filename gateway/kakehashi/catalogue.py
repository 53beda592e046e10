"""The catalogue of error codes: what happened, and the operator's next step, in English and Japanese.

`docs/reference/errors.md` is generated from here. Families: DEC reading bytes, MAP mapping, VAL validation,
IDN numbers, REF refused by us, FIL folders, BRK broker, STO store, SRV intermediate server, SEC seals, SYM symbols,
PRV provisions, HSH households, REC records of exchanges, RHS rehearsals, DST versions and distributions, CFG configuration,
ALM alarms, GEN the gateway itself.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROBLEMS", "Problem"]


class Problem(NamedTuple):
    en: str
    ja: str
    remedy_en: str
    remedy_ja: str


def _table(text: str) -> dict[str, Problem]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return {cells[0].strip(): Problem(*(cell.strip() for cell in cells[1:])) for cells in rows}


PROBLEMS: dict[str, Problem] = _table("""
ALM-001 | the oldest record of the lane waits too long | レーンの最古のレコードが滞留しています | See with `kakehashi status` what it waits for: server, broker, worker, or a decision | `kakehashi status` で待機の原因(サーバー・ブローカー・ワーカー・判断待ち)を確認してください
ALM-002 | records or files of the lane wait for a decision | 判断待ちのレコードまたはファイルがあります | See them with `kakehashi parked list`, then retry, fix or discard them | `kakehashi parked list` で確認し、再処理・訂正・破棄してください
ALM-003 | the files that are expected by now have not come | 予定時刻までにファイルが届いていません | Ask the owner of the system; see drop folder, quarantine and held files | 送信元に確認し、受信フォルダ・隔離フォルダ・保留ファイルを確認してください
ALM-004 | too many of the lane's records were refused within the hour | 直近1時間の却下率が高すぎます | See the causes with `kakehashi status`; suspend the source if a layout or table changed | `kakehashi status` で原因を確認し、レイアウトや表の変更なら送信元を止めてください
ALM-005 | the server is left in peace after failures: nothing but probes is sent | サーバー障害のため送信を停止し、確認のみ行っています | Check line, certificate and server; it goes on by itself when a probe is answered | 回線・証明書・サーバーを確認してください。応答があれば自動で再開します
ALM-006 | a disk is nearly full | ディスクの空きが不足しています | Free space before it is full: intake then stops by itself and loses nothing | 満杯になる前に空き容量を確保してください。満杯時は受付が停止します(データは失われません)
ALM-007 | a certificate expires soon, or has expired | 証明書の有効期限が近いか、切れています | Order the new certificate and put it in place before that day | 期限前に新しい証明書に交換してください
ALM-008 | a certificate cannot be read | 証明書を読み取れません | Check the PEM file and its rights | PEMファイルと権限を確認してください
ALM-009 | an acquisition of a symbol stands still for days | 符号取得が何日も進んでいません | See with `kakehashi symbols progress` whose move it is, and ask there: server, resident registry, or who works at the terminal | `kakehashi symbols progress` で誰の手番かを確認し、サーバー・既存住基・統合端末の担当者に確認してください
ALM-010 | acquisitions of symbols wait for somebody | 符号取得が担当者の対応を待っています | See them with `kakehashi symbols list --state operator`, then `symbols retry` or `symbols abandon` | `kakehashi symbols list --state operator` で確認し、`symbols retry` または `symbols abandon` を実行してください
ALM-011 | a system is behind with what it should know of its persons | 宛名通知が滞留しています | See with `kakehashi notices status` whether notices cannot be written or are not taken | `kakehashi notices status` で、書込み不可か未取得かを確認してください
ALM-012 | the server does not have a suspension, a lock or its end in time | 提供停止・ロックまたはその解除が中間サーバーに反映されていません | See why with `kakehashi suspend list`; until then lock at the server's own terminal | `kakehashi suspend list` で理由を確認し、必要なら中間サーバーの端末で停止してください
ALM-013 | the deadline of an inquiry that has no reply yet is near | 情報提供の回答期限が近づいています | See with `kakehashi provisions list` what waits for whom; after the deadline nothing is provided | `kakehashi provisions list` で判断待ちを確認してください。期限を過ぎると提供されません
ALM-015 | a route will be refused from a day on: a layout or code master changes | レイアウトまたはコードマスタの変更により、指定日以降この経路は受理されません | See with `kakehashi versions check --route ROUTE` which file and row, and give the mapping or table a version or row from that day on | `kakehashi versions check --route 経路` で該当ファイルと行を確認し、その日から有効な版または行を用意してください
GEN-001 | unexpected failure inside the gateway | 想定外の内部エラー | The batch is parked; report the trace id | バッチは保留されました。追跡IDを添えて連絡してください
DEC-001 | the bytes cannot be read by the layout | レイアウトどおりに読めません | Compare the record with its layout | レコードとレイアウトを照合してください
DEC-002 | the record is shorter than its layout | レコードが短すぎます | Ask the owner for a complete file | 完全なファイルを再出力してください
DEC-003 | the record is longer than its layout | レコードが長すぎます | Ask the owner for a file of the agreed length | 取り決めた長さで再出力してください
DEC-004 | the bytes are not valid in the declared charset | 宣言された文字コードとして不正なバイトです | Check the charset of the layout, or the gaiji table | 文字コードの宣言または外字表を確認してください
DEC-005 | the item is not a number | 数字項目が数値ではありません | Have the owner correct the item | 項目を修正して再送してください
DEC-006 | the packed or zoned digits or sign are invalid | パックまたはゾーン数値が不正です | Have the owner correct the item | 項目を修正して再送してください
DEC-007 | the date cannot exist in its era | 元号と年月日が矛盾しています | Have the owner correct the date | 日付を修正して再送してください
DEC-008 | the item holds characters of the wrong width | 全角・半角が項目の型と異なります | Have the owner correct the item | 項目を修正して再送してください
DEC-009 | no record type matches the selector | レコード種別を判別できません | Check the selector of the layout | レイアウトの識別子を確認してください
DEC-010 | the trailer's count differs from the records | 件数がトレーラと一致しません | The file is held; ask the owner to send it again | ファイルを保留しました。再出力を依頼してください
DEC-011 | the trailer's control total differs from the records | 合計値がトレーラと一致しません | The file is held; ask the owner to send it again | ファイルを保留しました。再出力を依頼してください
DEC-012 | the trailer or end record is missing | トレーラまたはエンドレコードがありません | The file is held as incomplete; ask the owner to send it again | 未完のファイルとして保留しました。再出力を依頼してください
DEC-013 | the header record is missing | ヘッダレコードがありません | The file is held; ask the owner to send it again | ファイルを保留しました。再出力を依頼してください
DEC-014 | records stand in an order that the layout does not allow | レコードの並びがレイアウトと異なります | The file is held; ask the owner to send it again | ファイルを保留しました。再出力を依頼してください
DEC-015 | the XML is not well formed | XMLとして正しくありません | The file is held; ask the owner to send it again | ファイルを保留しました。再出力を依頼してください
DEC-016 | the XML holds a document type declaration or is too large or too deep | XMLに文書型宣言があるか、大きすぎます | Refuse the file; tell security if it came from outside | ファイルを拒否しました。外部由来なら報告してください
DEC-017 | the line has a wrong number of columns | 列の数がレイアウトと異なります | Have the owner correct the line | 行を修正して再送してください
DEC-018 | the value does not fit its item | 値が項目の長さに収まりません | Correct the value or the layout | 値またはレイアウトを修正してください
DEC-019 | the element of the XML record is missing or repeated | XMLレコードの要素が不足または重複しています | Have the owner correct the record | レコードを修正して再送してください
DEC-020 | the shift codes of a mixed item are not paired | シフトコードの対応が取れていません | Have the owner correct the item | 項目を修正して再送してください
DEC-021 | a required item is empty | 必須項目が空です | Have the owner fill the item | 項目を補ってください
DEC-022 | the length that stands before the record, or in it, is impossible | レコード長の指定(RDW・BDWなど)が不正です | Check the record format; have the file transferred in binary, with its descriptor words | レコード形式の指定を確認し、バイナリ転送で再送してもらってください
DEC-023 | the charset of the file has no code for a character | ファイルの文字コードにない文字です | Declare a substitute in the degrade table of the system, or a row in its gaiji table | システムの縮退表または外字表に定義してください
DEC-030 | the count of a table is outside its bounds | 繰返し回数が範囲外です | Have the owner correct the counting item | 回数の項目を修正してください
DEC-031 | a segment has no parent, or one below it cannot be read | 親のないセグメント、または下位に読めないセグメントがあります | Correct the records around it: a tree is read as a whole or not at all | 前後のレコードを修正してください。階層は全体で読み取ります
MAP-001 | a converter cannot read the value | 変換できない値です | Have the owner correct the item, or correct the mapping | 項目または変換表を修正してください
MAP-002 | the code table has no row for the code | コード表に該当がありません | Add the code to the table, or have the owner correct it | コード表に追加するか、項目を修正してください
MAP-003 | a required item has neither a value nor a reason for its absence | 必須項目に値も未設定事由もありません | Declare a reason in the mapping, or have the owner fill the item | 未設定事由を定義するか、項目を補ってください
MAP-004 | a character is outside the repertoire of the server | 送信先の文字集合にない文字です | Declare a substitute in the degrade table | 縮退表に代替文字を定義してください
VAL-001 | the value breaks the type of the data standard | データ標準の型に違反しています | Correct the item or the mapping | 項目または変換表を修正してください
VAL-002 | an invariant across items is broken | 項目間の整合性が取れていません | Have the owner correct the record | レコードを修正して再送してください
VAL-003 | an individual number stands where none may stand | 個人番号を含めてはならない項目に含まれています | Remove it at the source; the record was not sent | 元データから除いてください。送信していません
VAL-004 | a message does not match its schema | 電文がスキーマに適合しません | Stop the lane and report: profile and server differ | プロファイルと相手先の版を確認してください
VAL-005 | the record alone makes a message larger than the server takes | 1件だけで送信可能な電文の大きさを超えています | Have the owner shorten the record, or raise caps.bytes_per_send of the profile | レコードを短くするか、プロファイルのbytes_per_sendを見直してください
IDN-001 | the number is not linked to a person of this body | 宛名番号が紐付けられていません | Link the number, then retry the record | 紐付け後に再処理してください
IDN-002 | the check digit is wrong | 検査用数字が一致しません | Have the owner correct the number | 番号を修正してください
IDN-003 | the number is already linked to another person | 番号が別の人に紐付いています | Both sides are frozen; see `kakehashi link conflicts` and decide with `kakehashi link decide` | 双方の紐付けを凍結しました。`kakehashi link conflicts` で確認し、`kakehashi link decide` で判断してください
IDN-004 | the number has a wrong form | 番号の形式が不正です | Have the owner correct the number | 番号を修正してください
IDN-005 | the link is frozen: somebody must decide about it | 紐付けが凍結されています(判断待ち) | Decide with `kakehashi link decide`, then retry the record | `kakehashi link decide` で判断した後に再処理してください
IDN-006 | the row names no person: neither a unified number nor the number that one is given for | 個人を特定する番号がありません(団体内統合宛名番号も個人番号もない) | Have the owner fill the number | 番号を補って再送してください
IDN-007 | one of the four attributes differs from the registry's: a person decides | 基本4情報のうち1項目が一致しません(要確認) | See `kakehashi match review`, decide with `kakehashi match decide` | `kakehashi match review` で確認し、`kakehashi match decide` で判断してください
IDN-008 | two or more of the four attributes differ from the registry's: the number is probably another person's | 基本4情報のうち2項目以上が一致しません(別人の番号の疑い) | Not linked; have the owner check whose number it is | 紐付けていません。番号の持ち主を確認してください
IDN-009 | the registry's attributes of the person are not known: nothing to compare with | 照合する基本4情報がありません | Take in the registry's file first, then retry the record | 住基の抽出ファイルを取り込んだ後に再処理してください
IDN-010 | too many records of the file do not agree with what is known: the file is held before anything of it counts | 不一致が多すぎるため、ファイル全体を保留しました | See whether rows have slipped; discard the file, or release it: each record is still compared | 行ずれ等を確認し、破棄または解放してください。解放後も1件ごとに照合します
IDN-011 | the unified number was released and is never given again | 解放済みの団体内統合宛名番号です(再使用不可) | Have the owner correct the number; see `kakehashi link conflicts` | 番号を修正してください。`kakehashi link conflicts` を参照してください
IDN-012 | the change lies in the future | 異動日が未来の日付です | Send the record again on that day | 当日以降に再送してください
IDN-013 | the held numbers are becoming active | 個人番号の施行処理中です | Waits by itself until all are active; see `kakehashi link held` | 完了まで自動で待機します。`kakehashi link held` で確認できます
IDN-014 | the two unified numbers cannot be made one | 二つの団体内統合宛名番号を統合できません | See the reason; decide what is open about either, then try again | 理由を確認し、双方の未判断事項を解消してから再実行してください
IDN-015 | the answer names a person of whom the asking system has no number | 回答に、照会元システムに宛名番号のない人が含まれています | Link the person's number in that system, then have the result written again with `kakehashi inquiries resend` | 照会元システムの宛名番号を紐付けた後、`kakehashi inquiries resend` で再照会してください
REF-001 | the same content was taken before | 同じ内容のファイルは受付済みです | Nothing to do; the first one counts | 対応不要です。先のファイルが有効です
REF-002 | an older change than the one already accepted | より新しい更新が受付済みです | Nothing to do; the newer one counts | 対応不要です。新しい更新が有効です
REF-003 | discarded by an operator | 運用者が破棄しました | See the reason given | 記録された理由を参照してください
REF-004 | no permission for this affair, procedure and information | 事務・手続・情報の組合せに権限がありません | Check the permission table | 権限表を確認してください
REF-005 | the name or kind of the file is not acceptable | ファイル名または種類が受け付けられません | See the quarantine folder | 隔離フォルダを確認してください
REF-006 | the file is empty | ファイルが空です | Ask the owner whether that was meant | 意図したものか確認してください
REF-007 | the file changed while it was being read | 読み取り中にファイルが変更されました | It is read again; let the owner write elsewhere and rename | 再度読み取ります。別名で書き込み後に改名してください
FIL-001 | a folder cannot be read or written | フォルダを読み書きできません | Check that it exists, is mounted and has the rights; files stay where they are | フォルダの存在・接続・権限を確認してください。ファイルは元の場所に残ります
FIL-002 | the disk of a folder is full | フォルダのディスクが満杯です | Free space; work goes on by itself | 空き容量を確保してください。自動で再開します
FIL-003 | the lease of this process on a file has ended: another process takes it | ファイルの受付権が切れ、他のプロセスが引き継ぎました | Nothing to do; see why the process stood still for so long | 対応不要です。処理が長く停止した原因を確認してください
REF-008 | the file is larger than the limit | ファイルが上限を超えています | Split it, or raise limits.file_bytes | 分割するか上限を変更してください
REF-009 | a repair that a reconciliation made waits for its release | 突合による修復ファイルが解放待ちです | Release it with `kakehashi parked retry F…`, or discard it; nothing of it was sent | `kakehashi parked retry F…` で解放するか、破棄してください。送信していません
REF-010 | files that came after the extract was taken are not settled: a repair could overtake them | 抽出後に受け付けたファイルが未処理です(修復が追い越すおそれがあります) | Nothing is sent; wait until they are settled and decide about their records, or take a new extract | 送信していません。処理と判断が済むのを待つか、抽出をやり直してください
REF-011 | the extract does not say as of when it was made | 一括データの基準日時を読み取れません | Nothing was taken; correct the header or name, or source.as_of of the route, and drop it again | 受け付けていません。ヘッダ・ファイル名または経路の source.as_of を確認し、再投入してください
REF-012 | the extract says that it was made at a time that is still to come | 一括データの基準日時が未来です | Nothing was taken; correct the time, or the clocks, and drop it again | 受け付けていません。基準日時または時計を確認し、再投入してください
REF-013 | the person is suspended: nothing of them is sent | 提供停止中の対象者のため送信しません | Nothing to do while it lasts; after `kakehashi suspend --lift` send it again with `kakehashi parked retry` | 停止中は対応不要です。`kakehashi suspend --lift` の後に `kakehashi parked retry` で再処理してください
REF-014 | the information is locked: its replicas wait | 特定個人情報がロック中のため副本の送信を保留しています | Goes on by itself after `kakehashi unlock` | `kakehashi unlock` の後に自動で再開します
REF-015 | replicas of a suspended person cannot be withdrawn | 提供停止中の対象者の副本を取り消せません | See with `kakehashi parked list` what the server said, and retry; of information without a route ask the server's operator | `kakehashi parked list` でサーバーの回答を確認し、再処理してください。経路のない情報はサーバーの運用者に依頼してください
REF-016 | replicas of a suspended person are being withdrawn | 提供停止中の対象者の副本を取消し中です | Goes on by itself; see the lane if it takes long | 自動で進みます。長引く場合はレーンを確認してください
REF-017 | the inquiry was cancelled by an operator | 照会は運用者により取り消されました | See the reason given; it can be sent anew | 記録された理由を参照してください。再照会もできます
BRK-001 | the broker failed | ブローカーの障害 | See the broker's log | ブローカーのログを確認してください
BRK-002 | the broker cannot be reached | ブローカーに接続できません | Start the broker; work waits in the ledger | ブローカーを起動してください。作業は台帳で待機します
BRK-003 | the broker takes nothing: memory or disk alarm | ブローカーが受付を停止しています(メモリまたはディスク) | Free memory or disk of the broker | ブローカーの資源を確保してください
BRK-004 | the broker's queues or rights differ from the configuration | キューの定義または権限が設定と異なります | See `kakehashi topology --check`; let the queue run empty, delete it, and start again; or give the user its rights | kakehashi topology --check を参照し、キューを空にして削除後に再起動するか、権限を付与してください
BRK-005 | a message could not be routed | 電文の宛先キューがありません | Declare the topology again | キューを再定義してください
BRK-006 | a foreign or unreadable message stands in a queue | 読めない電文がキューにあります | `kakehashi parked list` counts them; see who else publishes into this lane's queue, then `kakehashi parked discard --letters --lane …` | `kakehashi parked list` で件数を確認し、このキューへの他の送信元を調べたうえで、`kakehashi parked discard --letters --lane …` で破棄してください
BRK-007 | a message came back too often without an answer: a worker dies on it | 電文が処理されないまま繰り返し戻されました | The ledger publishes the batch again by itself; find what kills the worker, then `kakehashi parked discard --letters --lane …` | 台帳より自動的に再送されます。異常終了の原因を調べたうえで、`kakehashi parked discard --letters --lane …` で破棄してください
BRK-008 | the broker refused a message: the queue is full or has no quorum | ブローカーが電文を拒否しました(キューの満杯または過半数割れ) | See the queue's length limit and the cluster's nodes | キューの上限とクラスタの状態を確認してください
BRK-009 | no worker takes anything from a lane | レーンを処理するワーカーがありません | Start a worker: `kakehashi run --role worker` | ワーカーを起動してください(kakehashi run --role worker)
BRK-010 | workers died on this batch, again and again | このバッチの処理中にワーカーが繰り返し異常終了しました | The batch is parked; find what kills the worker (memory, a crash in a library), then retry it or discard it | バッチを保留しました。異常終了の原因を調べ、再処理または破棄してください
STO-001 | the store failed | 台帳の障害 | See the database's log | データベースのログを確認してください
STO-002 | the store cannot be reached or is full | 台帳に接続できないか、満杯です | Check database, disk and locks | データベースとディスクを確認してください
STO-003 | the store is corrupt | 台帳が破損しています | Restore the latest backup; never start empty | 最新のバックアップを復元してください
STO-004 | the store has another schema version | 台帳の版が異なります | Run the program that matches, or migrate | 対応する版を使用するか、移行してください
STO-005 | a request id stands in the ledger already | 要求IDが既に台帳にあります | Nothing was taken; report it: two batches would pass for one | 受け付けていません。二つのバッチが同一視されるため報告してください
STO-006 | the ledger is older than the spool: a backup was restored | 台帳が控えより古く、バックアップから復元されています | Stop every process, run `kakehashi ledger reconcile`, then start | 全プロセスを停止し `kakehashi ledger reconcile` を実行してから起動してください
STO-007 | a file of the spool does not say what it is: an earlier version wrote it | 控えに受付情報がありません(旧版の控え) | If the ledger should know it, ask the owner for the file again | 台帳にあるはずの控えなら、再送を依頼してください
STO-008 | the ledger is in use | 台帳が使用中です | Stop every process of the gateway first | 先に全プロセスを停止してください
SRV-001 | the intermediate server failed | 中間サーバーの障害 | Retried by itself; watch the lane | 自動再試行します。レーンを確認してください
SRV-002 | the intermediate server cannot be reached | 中間サーバーに接続できません | Retried by itself; check the line | 自動再試行します。回線を確認してください
SRV-003 | the outcome of a send is unknown | 送信結果が不明です | The status is asked first; nothing is sent twice | 状態照会後に再送します
SRV-004 | the server refused without a message of the interface | 電文以外の応答で拒否されました | Check endpoint, certificate and proxy | 接続先と証明書を確認してください
SRV-005 | the server refused the record | サーバーがレコードを拒否しました | See the server's code; correct and send again | サーバーの返却コードを確認してください
SRV-006 | the server refused the whole message | サーバーが電文を拒否しました | See the server's code | サーバーの返却コードを確認してください
SRV-007 | the answer belongs to another request | 別の要求に対する応答です | The answer was thrown away; report it | 応答を破棄しました。報告してください
SRV-008 | the result code is not in the map | 未定義の返却コードです | An operator decides; add the code to the profile | 運用者が判断し、プロファイルに追加してください
SRV-009 | gave up after the allowed attempts | 再試行の上限に達しました | Retry when the cause is gone | 原因解消後に再処理してください
SRV-010 | the server accepts the message only in its service hours | サービス時間外です | Waits by itself | 自動で待機します
SRV-011 | the server's count of accepted records is not ours | サーバーの受理件数が一致しません | The batch is parked; reconcile by hand | 保留しました。照合してください
SRV-012 | the providing body refused the inquiry | 提供者が照会を拒否しました | See the reason with the provider | 提供者に理由を確認してください
SRV-013 | the server rests after failures; nothing is sent to it but a probe | 障害のためサーバーへの送信を休止しています | Waits by itself; check the line and the server | 自動で待機します。回線と相手先を確認してください
SRV-014 | the lane has used up its share of retries | レーンの再試行枠を使い切りました | Waits by itself; see what its server answers | 自動で待機します。サーバーの応答を確認してください
SRV-015 | the message is larger than the server takes at once | 電文が一度に送信できる量を超えています | Sent in parts by itself | 自動で分割して送信します
SRV-016 | server and gateway do not accept each other's certificate or TLS version | サーバー証明書またはクライアント証明書、TLSの版が受け入れられません | Nothing was sent; check validity, authority and name of both certificates | 送信していません。双方の証明書の有効期限・認証局・名前を確認してください
SRV-017 | the address for questions of the server cannot be listened at | 中間サーバーからの照会を受け付けるアドレスを使用できません | Check `answering.listen`: another process may have the port | `answering.listen` を確認してください。他のプロセスがポートを使用中の可能性があります
SRV-018 | the exchange folder has no serial left for today | 連携フォルダの本日分の通番を使い切りました | Nothing was sent; it goes on tomorrow, or raise `[server] serial_digits` | 送信していません。翌日自動で再開するか、`[server] serial_digits` を増やしてください
SRV-019 | an answer in the exchange folder is not what its manifest says | 連携フォルダの応答が管理ファイルと一致しません | It lies in `from-server/damaged`; the status is asked by itself | `from-server/damaged` に退避し、自動で状態を確認します
SRV-020 | the exchange folder cannot be used | 連携フォルダを使用できません | Retried by itself; check mount, space and rights of the folder | 自動で再試行します。マウント・空き容量・権限を確認してください
SRV-021 | others of its message are answered, this inquiry is still in process | 同じ電文の他の照会は回答済みですが、この照会は処理中です | Looked for again by itself, and never asked twice; `kakehashi inquiries cancel` ends it | 自動で結果を確認します(二重に照会しません)。`kakehashi inquiries cancel` で取り消せます
SRV-022 | the time for an answer is over: nobody will answer this inquiry any more | 回答期限切れです(回答は得られません) | Send it anew with `kakehashi inquiries resend` if it is still needed | 必要であれば `kakehashi inquiries resend` で再照会してください
SRV-023 | the result came as a URL, which the profile does not allow | 照会結果がURLで返されましたが、プロファイルで許可されていません | Set inquiries.result_url of the profile and a column for $url, then retry | プロファイルの inquiries.result_url と $url の列を設定し、再処理してください
SYM-001 | no symbol is linked to the person yet | 符号が未紐付けです | Waits for symbol acquisition | 符号取得後に再処理します
SYM-002 | the process number expired before the symbol was linked | 符号が紐付く前に処理通番の有効期限が切れました | A new one is asked for by itself; see with `kakehashi symbols list` what the registry does with them | 新しい処理通番を自動で要求します。`kakehashi symbols list` で既存住基側の状況を確認してください
SYM-003 | the server says that the acquisition failed | 符号取得が失敗したとサーバーが回答しました | See the registry's terminal for the reason, then `kakehashi symbols retry` | 住基側の端末で理由を確認し、`kakehashi symbols retry` を実行してください
SYM-004 | no symbol was linked in the lifetime of any process number | どの処理通番の有効期間内にも符号が紐付きませんでした | Ask the registry and J-LIS what became of the requests, then `kakehashi symbols retry` | 既存住基・J-LISに依頼の状況を確認し、`kakehashi symbols retry` を実行してください
SYM-005 | it is unknown whether a process number was issued, and the server may issue a second one | 処理通番が発行されたか不明で、再要求すると二重発行の恐れがあります | Ask the server's operator; then `kakehashi symbols retry` or `abandon` | サーバーの運用者に確認し、`kakehashi symbols retry` または `abandon` を実行してください
SYM-006 | the server says that the symbol is linked, and refuses records for want of it | サーバーは紐付け済みと回答しながら、符号未紐付けで却下しています | Report it to the server's operator; then `kakehashi symbols retry` | サーバーの運用者に報告し、`kakehashi symbols retry` を実行してください
SYM-007 | the acquisition was given up | 符号取得を取り下げました | What waited for it is parked: retry or discard it with `kakehashi parked` | 待機していたレコードは保留中です。`kakehashi parked` で再処理または破棄してください
SYM-008 | the registry cannot ask for the symbol: no resident, or no registry to ask | 既存住基から依頼できません(住登外者、または依頼先の設定なし) | Enter it at the terminal: `kakehashi symbols hand-over` | 統合端末で入力してください(`kakehashi symbols hand-over`)
SYM-009 | server or registry refused the request for the symbol | サーバーまたは既存住基が符号取得を拒否しました | See their code; correct it there, then `kakehashi symbols retry` | 返却コードを確認し、訂正後に `kakehashi symbols retry` を実行してください
SYM-010 | what the acquisition was begun with holds no longer; a new one goes on | 符号取得の前提が変わりました(個人番号の変更・転入等)。新たな取得が続きます | Nothing to do; what waited for it waits for the new one | 対応不要です。待機中のレコードは新たな取得を待ちます
SYM-011 | the person has died or is gone: no symbol is asked for any more | 死亡等により符号取得を取り下げました | What waited for it is parked: retry what the law still needs, discard the rest | 待機していたレコードは保留中です。法令上必要なものは再処理し、その他は破棄してください
SYM-012 | the server refused to release the symbol | サーバーが符号の解除を拒否しました | See its code; correct it there, then `kakehashi symbols retry`, or `abandon` | 返却コードを確認し、訂正後に `kakehashi symbols retry`、または `abandon` を実行してください
SYM-013 | the server refused to make the symbol that of the other number, or to undo that | サーバーが符号の付替え(または取消)を拒否しました | See its code: are the two one person? Correct it, then `kakehashi symbols retry`, or `match unmerge` | 返却コードを確認し(同一人か)、訂正後に `kakehashi symbols retry`、または `match unmerge` を実行してください
SYM-014 | it is unknown whether the server was told, and it does not honour request ids | サーバーに届いたか不明で、サーバーは要求IDによる重複判定をしません | Ask the server's operator; then `kakehashi symbols retry` or `abandon` | サーバーの運用者に確認し、`kakehashi symbols retry` または `abandon` を実行してください
SYM-015 | the server had no symbol to release or to relink | サーバーに該当する符号がありませんでした | Nothing to do | 対応不要です
PRV-001 | the inquiry is not open for this: it is being replied to, has ended, or somebody else was faster | この照会は現在判断できません(回答中、終了済み、または他の担当者が先に判断) | See `kakehashi provisions show`; what is being replied to cannot be taken back | `kakehashi provisions show` で確認してください。回答中のものは取り消せません
PRV-002 | the second person must be another one than the first | 2人目は別の担当者でなければなりません | Let somebody else decide | 別の担当者が判断してください
PRV-003 | the first person decided otherwise | 1人目の判断と異なります | `kakehashi provisions withdraw`, then decide anew together | `kakehashi provisions withdraw` で取り下げ、改めて判断してください
PRV-004 | the person is protected, or it is unknown whether: a permit needs two persons who say so | 支援措置・不開示の対象者、または開示可否が不明です。提供にはその旨を明示した2名の判断が必要です | See why; a denial needs nothing more. Both persons permit with `--protected`, after `provisions withdraw` if one did without | 理由を確認してください。提供する場合は2名とも `--protected` を付けて判断してください
PRV-005 | the deadline is over: nothing was provided | 回答期限を過ぎました。提供していません | Nothing can be replied any more; tell the department that decides | 回答できません。判断部署に連絡してください
PRV-006 | it is unknown whether the reply arrived, and the server does not honour request ids | 回答が届いたか不明で、サーバーは要求IDによる重複判定をしません | Ask the server's operator; then `kakehashi provisions withdraw` and decide anew, or let the deadline pass | サーバーの運用者に確認し、`kakehashi provisions withdraw` で改めて判断するか、期限切れを待ってください
PRV-007 | the server refused the reply | サーバーが回答を拒否しました | See its code; then decide anew | 返却コードを確認し、改めて判断してください
PRV-008 | the server lists again what it has taken a reply to | 回答済みの照会をサーバーが再び提示しています | Report it to the server's operator; then decide anew | サーバーの運用者に報告し、改めて判断してください
PRV-009 | the server lists the inquiry no longer, and not for a reply of ours | サーバーの一覧から照会がなくなりました(当方の回答によらない) | Nothing to do: who asked has withdrawn it, or it was replied to elsewhere | 対応不要です(照会元の取下げ、または他の経路での回答)
PRV-010 | since the decision the person became protected, or more persons are needed | 判断の後に支援措置等の対象となったか、必要人数が増えました | Nothing was sent; decide anew | 送信していません。改めて判断してください
PRV-011 | who decides does not belong to the department that does | 判断部署の担当者ではありません | Let somebody of that department decide, or add the login name under `[provisions] departments` | 判断部署の担当者が判断するか、`[provisions] departments` に登録してください
REC-001 | the server refused what was said of the record | 記録の不開示設定をサーバーが拒否しました | See its code: 4017 is no record of this person (any more); then decide anew | 返却コードを確認してください(4017は該当する記録なし)。必要なら改めて設定してください
REC-002 | something else was said of this record, and it is not known whether the server has it | この記録には別の設定が未完了です(サーバーへの反映が不明) | Go on with it by `kakehashi exchange-records resume`; then decide anew | `kakehashi exchange-records resume` で完了させてから、改めて設定してください
REC-003 | it is unknown whether it arrived, and the server does not honour request ids | 設定が届いたか不明で、サーバーは要求IDによる重複判定をしません | See with `kakehashi exchange-records` how the record stands; then decide anew if needed | `kakehashi exchange-records` で記録の状態を確認し、必要なら改めて設定してください
REC-004 | the profile does not know the message | プロファイルにない電文です | Ask at the server's own terminal, or complete `[messages]` of the profile | サーバーの端末で確認するか、プロファイルの `[messages]` に追加してください
SEC-001 | a sealed body cannot be opened | 暗号化された内容を復号できません | Check the keys; the message is kept | 鍵を確認してください。電文は保持されます
SEC-002 | no key with this id is loaded | 鍵IDに対応する鍵がありません | Load the key | 鍵を読み込んでください
SEC-003 | the key file can be read by others than its owner | 鍵ファイルが所有者以外にも読めます | Set its mode to 0400, and rotate the keys | 権限を0400にし、鍵を更新してください
SEC-004 | the keys are missing or malformed | 鍵がないか形式が不正です | Create them with `kakehashi keys create`, or restore the key file | `kakehashi keys create` で鍵を作成するか、鍵ファイルを復元してください
SEC-005 | the blind indexes stand under a newer key than this process has | 索引の鍵がこのプロセスの鍵より新しくなっています | It reads the key file again by itself; with keys in the environment restart it with the new ones | 鍵ファイルは自動で再読込します。環境変数の場合は新しい鍵で再起動してください
RHS-001 | the scenario of the rehearsal is wrong | リハーサルのシナリオに誤りがあります | Correct what is named | 指摘箇所を修正してください
RHS-002 | an expectation of the rehearsal does not hold | リハーサルの期待結果と異なります | See the step in the report: expected and found | 報告書で該当手順の期待値と結果を確認してください
RHS-003 | a test must not go to this endpoint: it is a live one | 本番の接続先にテスト電文は送信できません | Name the endpoint of the test environment; nothing was sent | 試験環境の接続先を指定してください(送信していません)
RHS-004 | evidence is written of tests alone | 証跡の記録はテスト時のみ可能です | Remove rehearsal.evidence, or set gateway.test to true | rehearsal.evidence を削除するか gateway.test を true にしてください
RHS-005 | a step of the rehearsal was not done in time | リハーサルの手順が時間内に完了していません | Have it done, then go on with `kakehashi rehearse … --resume` | 実施後に `kakehashi rehearse … --resume` で再開してください
RHS-006 | the folder holds another rehearsal, one that is finished, or none | フォルダに別のまたは完了したリハーサルがあるか、記録がありません | Name an empty folder, or the one where this scenario was begun | 空のフォルダ、またはこのシナリオを開始したフォルダを指定してください
RHS-007 | a folder of the site would be used | 運用中のフォルダが使用されます | Report it: a rehearsal uses its own folders alone | リハーサルは専用フォルダのみ使用します。連絡してください
RHS-008 | the simulators do not know the format of the profile | プロファイルの電文表記をシミュレーターが解釈できません | Lay a copy of the profile's names.csv beside its schemas, with a row for each code (docs/how-to/rehearse.md) | プロファイルの names.csv に結果コードの行を加え、スキーマと同じフォルダに置いてください
DST-001 | the route has the version no more with which the batch began | バッチ開始時の版が経路にありません | Put the version back into `[mapping]` of route.toml until its batches have ended, then retry | 当該版のバッチが完了するまでroute.tomlの`[mapping]`に版を戻し、再処理してください
DST-002 | the server's distribution contradicts itself; the one before it stays | 配信内容に矛盾があります。前回の配信内容を使い続けます | Tell the server's operator what `about` names | 中間サーバーの運用者に連絡してください
DST-003 | the server did not give its distribution | 配信内容を取得できませんでした | See its code; it is asked again by itself | コードを確認してください。自動で再取得します
DST-010 | the route gives a code that the code master does not have from that day on | その日以降、コードマスタにないコードを出力します | End the row with `valid_to`, and add one with a code that holds from that day | その行の`valid_to`を前日とし、有効なコードの行を追加してください
DST-011 | an item that is required from that day on has no mapping | その日以降必須となる項目に変換がありません | Map it in the table of the next version | 次の版の変換表に追加してください
DST-012 | the mapping names an item that the layout does not have from that day on | その日以降レイアウトにない項目を変換表が参照しています | Leave it out of the table of the next version | 次の版の変換表から除いてください
DST-013 | an item of the mapping is smaller, or of another kind, from that day on | その日以降、項目の桁数・型・未設定事由が変わります | Compare the item with the new layout, and try real files with `kakehashi versions try` | 新しいレイアウトと照合し、`kakehashi versions try` で実ファイルを試してください
DST-014 | the server does not take the version of the route from that day on | その日以降、中間サーバーは経路の版を受け付けません | Give the route its next version under `[[mapping.next]]` | `[[mapping.next]]` に次の版を登録してください
DST-015 | a new code is given by no row of the route's code table | 新しいコードを出力する行がコード表にありません | Add a row if the system has such a case | 該当する場合はコード表に行を追加してください
DST-016 | the server takes a version that the route does not have | 経路にない版を中間サーバーが受け付けます | Prepare it under `[[mapping.next]]` before the version of the route ends | 現行版の終了前に`[[mapping.next]]`を準備してください
DST-017 | a layout or code list of the profile is not what the server distributes | プロファイルのレイアウトまたはコード表が配信内容と異なります | Put the new version into the profile, then `kakehashi xsd build` | プロファイルに新しい版を登録し、`kakehashi xsd build` を実行してください
DST-018 | the calendar of the profile is not the server's | プロファイルの暦が中間サーバーと異なります | Correct calendar.csv of the profile | プロファイルのcalendar.csvを修正してください
DST-019 | a result has no room for an item as it is from that day on | その日以降の項目が結果ファイルに収まりません | Make the item of the result longer with its reader, or shorten it with a converter | 結果の読み手と調整して項目を長くするか、変換で短くしてください
DST-020 | a code that the server may give from that day on is in no row of the result's table | その日以降返り得るコードが結果のコード表にありません | Add a row, from that day on | その日からの行をコード表に追加してください
HSH-001 | another record of the household cannot be sent; this one waits for it | 同じ世帯の他の記録が送信できないため、待機しています | See the household with `kakehashi parked show`; when the other one is fixed or sent again, this one goes with it by itself | `kakehashi parked show` で世帯を確認してください。原因の記録を訂正・再送すると、この記録も同時に送信されます
HSH-002 | a newer change of a member counts: the household as it is here is out of date | 世帯員のより新しい更新が有効なため、この世帯の記録は古くなっています | Nothing to do if the owner has sent the household since; else ask for it as it is now | その後に世帯全員分が届いていれば対応不要です。なければ最新の世帯を再出力してもらってください
HSH-003 | the household has no head, or more than one | 世帯主がいないか、複数います | Have the owner correct the relations, or correct the record with `parked fix` | 続柄を修正して再送するか、`parked fix` で訂正してください
HSH-004 | the head's name is not that of the household's record | 世帯主の氏名が世帯レコードの世帯主氏名と異なります | Have the owner correct either and send the household again | いずれかを修正し、世帯全員分を再送してください
HSH-005 | the household has another number of members than it says | 世帯人員数が世帯員の件数と一致しません | Have the owner send the household with all its members | 世帯全員分を再送してください
HSH-006 | the chain of relations has a gap, or the head stands within it | 続柄の連なりに空きがあるか、途中に世帯主があります | Have the owner correct the relation, or correct the record with `parked fix` | 続柄を修正して再送するか、`parked fix` で訂正してください
HSH-007 | the records of one household say different things about the household | 同じ世帯の記録で世帯レコードの内容が異なります | Correct the household in each of its records, or have the owner send it again | 世帯員全員の世帯レコードを同じ内容に訂正するか、再送してください
HSH-008 | somebody is taken out of a household after being put into another one | 転入先の世帯より後に転出元の世帯の削除があります | Have the owner write the household that is left first: the later change counts | 後の更新が有効になります。転出元の世帯を先に出力してもらってください
CFG-001 | the configuration is wrong | 設定に誤りがあります | Correct what is named | 指摘箇所を修正してください
CFG-002 | unknown key | 未知のキーです | Remove it or correct its spelling | 綴りを確認してください
CFG-003 | wrong type or value | 型または値が不正です | Write what is expected | 期待される値を記述してください
CFG-004 | a required key is missing | 必須のキーがありません | Add it | 追加してください
CFG-005 | a file that the configuration names is missing | 設定が参照するファイルがありません | Create it or correct the name | ファイルを作成するか名前を修正してください
CFG-006 | the name refers to nothing | 参照先がありません | Use one of the known names | 既知の名前を使用してください
CFG-007 | items of the layout overlap or leave the record | レイアウトの項目が重複または範囲外です | Correct start or length | 開始位置または長さを修正してください
CFG-008 | the table has a wrong header or row | 表の見出しまたは行が不正です | Correct the row | 行を修正してください
CFG-009 | a required item of the data standard is not mapped | データ標準の必須項目が未定義です | Map it or give a reason for its absence | 変換元または未設定事由を定義してください
CFG-010 | a golden case gives another result | 検証ケースの結果が異なります | Correct the mapping or the case | 変換表またはケースを修正してください
CFG-011 | the lengths do not add up to the record length | 項目長の合計がレコード長と一致しません | Correct the lengths | 長さを修正してください
CFG-012 | the route names no source for the protection flag | 支援措置フラグの取得元がありません | Name its item in the mapping | 変換表に定義してください
CFG-013 | the copybook cannot be read | COPY句を解釈できません | Correct the copybook at line and column | 示された行と桁を修正してください
CFG-014 | the folder or queue belongs to another lane, or holds results | フォルダまたはキューが他のレーンと重複しているか、結果の置き場です | Give each lane a folder or queue of its own | レーンごとに専用のフォルダまたはキューを指定してください
CFG-015 | files of this layout cannot prove that they are complete | このレイアウトではファイルの完了を確認できません | Give the layout a trailer or end record, or let the writer rename or put an end marker | トレーラまたはエンドレコードを定義するか、改名または完了ファイルで知らせてください
CFG-016 | results may come as a URL, which no item of the result takes whole | 照会結果のURLを格納する項目がないか、長さが足りません | Add an item with the source $url and a length of 512 to the return table, or set inquiries.result_url of the profile to false | 返却表に $url を格納する512バイト以上の項目を追加するか、プロファイルの inquiries.result_url を false にしてください
""")
