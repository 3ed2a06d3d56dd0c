"""What each main page is for, in a sentence or two: open at somebody's first visit, folded at the foot ever after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import request

HINTS: Final[Mapping[str, tuple[str, str]]] = {
    "page_entrance.sign_in": (
        "用本单位管理员给您的账号登录。共用设备上可扫工牌或输入 PIN。",
        "Sign in with the account that your enterprise's administrator gave you; on a shared device by badge or PIN.",
    ),
    "page_scan.scan": (
        "扫标签，或输入编码、联单号。结果页说明：是什么、在哪里、有无异常、您现在可做什么。",
        "Scan a label, or type a code or a manifest's number. You are told what it is, where it is, whether anything is"
        " wrong, and what you can do now.",
    ),
    "page_containers.containers": (
        "按单位、状态、类别查找容器。筛选条件保存在网址里，可收藏或转发。",
        "Find containers by holder, state or code. The filters are part of the address: keep it or pass it on.",
    ),
    "page_containers.container_page": (
        "这是该容器的全程记录：谁持有、何时、多重。每一步旁的印章可打开经签名的原始记录。",
        "The whole line of custody: who held it, when, how heavy. Each step's seal opens the signed record.",
    ),
    "page_filling.fill": (
        "选废物类别，称重，记录后即可打印标签。跨天装桶时先开桶，之后逐次加入。",
        "Choose the waste, weigh it, and print its label as soon as it is recorded. A drum that is filled over days is"
        " opened first and added to.",
    ),
    "page_stores.stores": (
        "每个贮存点的存量、时限和容量。打开后按分区查看，并可盘点。",
        "What each store holds, with its clocks and capacity. Open one to see its zones or to count it.",
    ),
    "page_stores.count": (
        "逐个扫描看到的容器。缺少的成为异常，账面之外的会列出；不会被悄悄改掉。",
        "Scan each container that you see. What is missing becomes an exception, what is beyond the books is named;"
        " nothing is corrected in silence.",
    ),
    "page_today.today": (
        "今天到期和即将到期的事项，最急的在前。",
        "What is due today or soon, the most pressing first.",
    ),
    "page_manifests.manifests": (
        "待您办理、在途和已完成的联单。用“开具联单”开始新的一份，或在当班页扫码组成。",
        "Manifests that wait for you, that are under way and that are done. Begin one here, or by scanning on the shift"
        " page.",
    ),
    "page_manifests.new": (
        "选接收单位和承运人，勾选容器。缺少许可证、合同或跨省批准时，签发前就会说明。",
        "Choose receiver and carrier and tick the containers. A licence, contract or approval that is missing is named"
        " before anything is issued.",
    ),
    "page_manifests.manifest_page": (
        "联单三部分：移出、运输、接受。您现在可办的事项列在标题下。",
        "The form's three parts: sender, carrier, receiver. What you can do now stands below the title.",
    ),
    "page_journeys.pick_up": (
        "逐个扫描装车的容器。有破损或标签不符的可以拒装，并写明原因。",
        "Scan each container that you load. What leaks or bears a wrong label you may leave behind, with the reason.",
    ),
    "page_journeys.roadside": (
        "路检时出示本页：车上装了什么、来自哪里、运往哪里，以及可离线核验的证明。",
        "For a check on the road: what is on board, from where, to where, and proofs that anyone verifies offline.",
    ),
    "page_gate.gate": (
        "逐个扫描、称重、接受或拒收。超差自动标色；未列入或缺少的容器会列出。",
        "Scan, weigh, accept or refuse each container. Differences beyond tolerance are coloured; unlisted and missing"
        " containers are named.",
    ),
    "page_treatment.treat": (
        "选同一批处理的容器和方式。残渣是新的废物，单独称重。",
        "Choose the containers of one batch and the method. Residues are new waste and weighed by themselves.",
    ),
    "page_treatment.certificates": (
        "按产生单位开具处置证明。证明里的每个数都可由对方离线核验。",
        "Certificates for each producer, whose every figure the producer can verify offline.",
    ),
    "page_overview.overview": (
        "处置率连同分子、分母和缺口一起显示。每个数都可点开，直到签名的记录。",
        "The rate with both of its terms and what is missing. Every figure opens, down to signed records.",
    ),
    "page_exceptions.exceptions": (
        "按规则和天数列出的异常、依据，以及怎样了结。",
        "Exceptions by rule and age, with the law and what ends them.",
    ),
    "page_enterprises.enterprises": (
        "缺口最大的企业在前。点企业名看其存量、联单和许可证。",
        "Whoever misses most comes first. Open one for its stock, manifests and licences.",
    ),
    "page_acts.acts": (
        "待主管部门办理的事项在最上面。每件事先填写、核对，再由本机密钥签署。",
        "What waits for the authority comes first. Each act is filled in, checked, and then signed by this device's own"
        " key.",
    ),
    "page_inspections.inspections": (
        "随机抽取的名单事后可以复核。发现的问题由本机密钥签名记录，并跟踪整改。",
        "How the sample was drawn can be checked by anyone. Findings are signed by this device's own key and followed"
        " until they are put right.",
    ),
    "page_reports.reports": (
        "月报、季报和台账。数字与本页所列检查点一致，可重算。",
        "Monthly and quarterly reports and the books. Their figures hold for the checkpoint that is named, and can be"
        " computed again.",
    ),
    "page_evidence.evidence": (
        "一条签名记录和它的证明：证明了什么、用哪把钥匙、没有证明什么。",
        "One signed record and its proof: what is proven, against which key, and what is not.",
    ),
    "page_health.health": (
        "账本有多长、最近的检查点、见证方和最近一次全面验证。只有验证过才显示“相符”。",
        "How long the ledger is, its newest checkpoint, its witnesses, and the newest full verification. It is called"
        " verified only after one.",
    ),
    "page_admin.people": (
        "邀请同事，给出角色。停用账号不会删除其签过的记录。",
        "Invite people and give them roles. Closing an account removes nothing that it signed.",
    ),
    "page_admin.devices": (
        "新设备报名后，核对屏幕上的密钥再确认。丢失的设备请立即注销。",
        "When a device asks to join, compare the key on its screen before you confirm. Revoke a lost one at once.",
    ),
    "page_systems.systems": (
        "让本单位的系统接入：令牌用于查询和提交，推送把新记录发给您的系统。密钥只显示一次。",
        "Lets systems of your enterprise in: a token to ask and to send, a webhook to be told. Secrets are shown once.",
    ),
    "page_places.places": (
        "本单位的场所、贮存点和分区，以及各自的容量与准存类别。",
        "Sites, stores and zones of your enterprise, with their capacity and what may stand there.",
    ),
    "page_places.licences": (
        "许可证的范围、数量和有效期。到期前会提醒。",
        "What the licences allow, how much and until when. You are warned before they end.",
    ),
    "page_places.plans": (
        "年度管理计划与实际产生量的对照。",
        "The year's plan beside what was generated.",
    ),
    "page_labels.blank": (
        "预先打印空白标签。第一次扫描时把它绑定到容器上。",
        "Print blank labels in advance; the first scan binds one to its container.",
    ),
    "page_offline.shift": (
        "没有网络也能用。先在有网络时打开一次，所需数据就在本机上。",
        "Works without network. Open it once while there is some, and what you need is on this device.",
    ),
    "page_offline.waiting": (
        "本机已签名、等待发送的记录，按顺序发送。被拒绝的会留在这里，并列出可选的办法。",
        "What this device has signed and not yet sent, in order. What was refused stays here with the ways out.",
    ),
    "page_offline.device": (
        "本机的密钥，私钥无法导出。报名后由管理员核对确认。",
        "This device's own key, which cannot leave it. An administrator compares and confirms it.",
    ),
    "page_offline.verifier": (
        "粘贴收据或扫描票据上的二维码，本机即可核验，不必相信任何服务器。",
        "Paste a receipt or scan a paper's codes: this device verifies them and trusts no server.",
    ),
}


def hint() -> tuple[str, str] | None:
    """The words for the page that was asked for, in Chinese and English; None where it needs none."""
    return HINTS.get(request.endpoint or "")
